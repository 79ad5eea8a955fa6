//! placeholder
use crate::exit::Exit;use crate::failure::Result;use crate::render::Renderer;
/// x
#[derive(clap::Args, Debug)]
pub(crate) struct Args {}
pub(crate) async fn run(_args: Args, _renderer: &Renderer) -> Result { Ok(Exit::Good) }
