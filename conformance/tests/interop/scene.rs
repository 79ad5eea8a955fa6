//! A server of ours behind a recorder, and a folder to work in.

use std::path::Path;
use std::sync::Arc;

use scep_core::server::ReplyStyle;
use scep_core::x509::Certificate;
use tempfile::TempDir;

use crate::authority::SmallCa;
use crate::recorder::Recorder;

/// What a peer client is let loose on.
pub struct Scene {
    pub ca: Arc<SmallCa>,
    pub recorder: Recorder,
    folder: TempDir,
}

impl Scene {
    pub fn new(style: ReplyStyle, capabilities: &str) -> Self {
        let ca = Arc::new(SmallCa::new(style, capabilities));
        let recorder = Recorder::before(ca.serve());
        Self {
            ca,
            recorder,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/scep", self.recorder.address())
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, file: &str) -> String {
        self.folder().join(file).to_str().unwrap().into()
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
    }

    pub fn write(&self, file: &str, text: &str) -> String {
        std::fs::write(self.folder().join(file), text).unwrap();
        self.path(file)
    }

    /// Writes the CA's chain, the issuing CA first.
    pub fn write_chain(&self) -> String {
        let chain = self.ca.issuing.to_pem() + &self.ca.root.to_pem();
        self.write("chain.pem", &chain)
    }

    /// The certificate in a file that a peer wrote.
    pub fn certificate(&self, file: &str) -> Certificate {
        Certificate::from_pem(&self.read(file)).unwrap()
    }
}
