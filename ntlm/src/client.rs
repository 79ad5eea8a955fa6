//! The first and the third message ([MS-NLMP] 3.1.5).

use crate::account::{Account, hmac, utf16};
use crate::message::{
    ALWAYS_SIGN, Composer, EXTENDED_SESSION_SECURITY, Error, KEY_56, KEY_128, Layout, NTLM,
    REQUEST_TARGET, TARGET_INFO, UNICODE, VERSION,
};
use crate::target_info::{self, FLAGS, HAS_MIC, TIMESTAMP};

const FLAGS_OF_CLIENT: u32 = UNICODE
    | REQUEST_TARGET
    | NTLM
    | ALWAYS_SIGN
    | EXTENDED_SESSION_SECURITY
    | TARGET_INFO
    | KEY_128
    | KEY_56;

/// Where the MIC is in the third message.
pub(crate) const MIC: std::ops::Range<usize> = 72..88;

/// What a response is made fresh with.
#[derive(Clone, Copy, Debug)]
pub struct Random {
    /// Octets that were not used before.
    pub nonce: [u8; 8],
    /// The time in FILETIME (100 ns since 1601), for servers that do not say theirs.
    pub time: u64,
}

/// NEGOTIATE_MESSAGE: it says what can be spoken, and nothing of the account.
#[must_use]
pub fn negotiate() -> Vec<u8> {
    Composer::new(1, 40)
        .u32(FLAGS_OF_CLIENT)
        .field(&[])
        .field(&[])
        .octets(&[0; 8])
        .finish()
}

/// AUTHENTICATE_MESSAGE, for the CHALLENGE_MESSAGE that came after `negotiate`.
///
/// # Errors
/// If the challenge is none, or not that of a server that speaks NTLMv2 in Unicode.
pub fn authenticate(
    account: &Account,
    negotiate: &[u8],
    challenge: &[u8],
    random: Random,
) -> Result<Vec<u8>, Error> {
    let layout = Layout::parse(challenge, 2)?;
    let flags = layout.u32(20)?;
    if flags & UNICODE == 0 {
        return Err(Error("the server does not speak Unicode"));
    }
    if flags & TARGET_INFO == 0 {
        return Err(Error("the server does not speak NTLMv2"));
    }
    let server_nonce: [u8; 8] = layout.array(24)?;
    let told = target_info::parse(layout.payload(40)?)?;
    let time_of_server = told.iter().find(|(id, _)| *id == TIMESTAMP);
    let (time, with_mic) = match time_of_server {
        Some((_, value)) => (value.to_vec(), true),
        None => (random.time.to_le_bytes().to_vec(), false),
    };
    let mic_flag = HAS_MIC.to_le_bytes();
    let mut pairs: Vec<_> = told.into_iter().filter(|(id, _)| *id != FLAGS).collect();
    if with_mic {
        pairs.push((FLAGS, &mic_flag));
    }
    let pairs = target_info::encode(&pairs);

    let key = account.response_key();
    let blob = blob(&time, random.nonce, &pairs);
    let proof = hmac(&*key, &[&server_nonce, &blob]);
    let lm = if with_mic {
        vec![0; 24]
    } else {
        let hash = hmac(&*key, &[&server_nonce, &random.nonce]);
        [&hash[..], &random.nonce].concat()
    };
    let mut message = Composer::new(3, MIC.end)
        .field(&lm)
        .field(&[&proof[..], &blob].concat())
        .field(&utf16(&account.domain))
        .field(&utf16(&account.user))
        .field(&[])
        .field(&[])
        .u32((flags & FLAGS_OF_CLIENT) & !VERSION)
        .octets(&[0; 8])
        .octets(&[0; 16])
        .finish();
    if with_mic {
        let session_key = hmac(&*key, &[&proof]);
        let mic = hmac(&session_key, &[negotiate, challenge, &message]);
        if let Some(place) = message.get_mut(MIC) {
            place.copy_from_slice(&mic);
        }
    }
    Ok(message)
}

/// NTLMv2_CLIENT_CHALLENGE.
fn blob(time: &[u8], nonce: [u8; 8], pairs: &[u8]) -> Vec<u8> {
    [
        &[1, 1, 0, 0, 0, 0, 0, 0],
        time,
        &nonce,
        &[0; 4],
        pairs,
        &[0; 4],
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target_info::{NB_COMPUTER_NAME, NB_DOMAIN_NAME};

    /// The numbers of [MS-NLMP] 4.2.4.
    #[test]
    fn the_published_responses() {
        let (domain, server) = (utf16("Domain"), utf16("Server"));
        let pairs = target_info::encode(&[(NB_DOMAIN_NAME, &domain), (NB_COMPUTER_NAME, &server)]);
        let challenge = Composer::new(2, 56)
            .field(&server)
            .u32(0xe28a_8233)
            .octets(&[0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef])
            .octets(&[0; 8])
            .field(&pairs)
            .octets(&[0; 8])
            .finish();
        let account = Account::new("Domain\\User", "Password");
        let random = Random {
            nonce: [0xaa; 8],
            time: 0,
        };
        let message = authenticate(&account, &negotiate(), &challenge, random).unwrap();
        let layout = Layout::parse(&message, 3).unwrap();
        let lm = [
            0x86, 0xc3, 0x50, 0x97, 0xac, 0x9c, 0xec, 0x10, 0x25, 0x54, 0x76, 0x4a, 0x57, 0xcc,
            0xcc, 0x19, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
        ];
        assert_eq!(layout.payload(12).unwrap(), lm);
        let proof = [
            0x68, 0xcd, 0x0a, 0xb8, 0x51, 0xe5, 0x1c, 0x96, 0xaa, 0xbc, 0x92, 0x7b, 0xeb, 0xef,
            0x6a, 0x1c,
        ];
        assert_eq!(&layout.payload(20).unwrap()[..16], proof);
        let key = hmac(&*account.response_key(), &[&proof]);
        let session_key = [
            0x8d, 0xe4, 0x0c, 0xca, 0xdb, 0xc1, 0x4a, 0x82, 0xf1, 0x5c, 0xb0, 0xad, 0x0d, 0xe9,
            0x5c, 0xa3,
        ];
        assert_eq!(key, session_key);
    }

    #[test]
    fn what_is_no_challenge_is_an_error() {
        let account = Account::new("u", "p");
        let random = Random {
            nonce: [0; 8],
            time: 0,
        };
        let good = crate::Challenge::new("LAB", [1; 8], 5).encode();
        for length in 0..good.len() {
            let cut = good.get(..length).unwrap();
            assert!(authenticate(&account, &negotiate(), cut, random).is_err());
        }
        for at in 0..good.len() {
            let mut other = good.clone();
            other[at] ^= 0xff;
            // whatever comes of it, it is no panic
            let _ = authenticate(&account, &negotiate(), &other, random);
        }
    }
}
