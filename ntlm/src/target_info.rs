//! AV_PAIRs ([MS-NLMP] 2.2.2.1): what a server says of itself.

use crate::message::Error;

pub(crate) const END: u16 = 0;
pub(crate) const NB_COMPUTER_NAME: u16 = 1;
pub(crate) const NB_DOMAIN_NAME: u16 = 2;
pub(crate) const FLAGS: u16 = 6;
pub(crate) const TIMESTAMP: u16 = 7;

/// Of [`FLAGS`]: the third message carries a MIC.
pub(crate) const HAS_MIC: u32 = 2;

/// The pairs, in order, without the one that ends them.
pub(crate) fn parse(mut octets: &[u8]) -> Result<Vec<(u16, &[u8])>, Error> {
    let short = Error("the target information ends in the middle");
    let mut pairs = Vec::new();
    loop {
        let (head, rest) = octets.split_first_chunk::<4>().ok_or(short.clone())?;
        let [a, b, c, d] = *head;
        let (id, length) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
        if id == END {
            return Ok(pairs);
        }
        let (value, rest) = rest
            .split_at_checked(usize::from(length))
            .ok_or(short.clone())?;
        pairs.push((id, value));
        octets = rest;
    }
}

pub(crate) fn encode(pairs: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (id, value) in pairs.iter().chain(&[(END, &[][..])]) {
        out.extend(id.to_le_bytes());
        out.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
        out.extend(*value);
    }
    out
}
