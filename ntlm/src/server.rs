//! The second message, and the judgement of the third ([MS-NLMP] 3.2.5).

use subtle::ConstantTimeEq;

use crate::account::{Account, hmac, utf16};
use crate::client::MIC;
use crate::message::{
    ALWAYS_SIGN, Composer, EXTENDED_SESSION_SECURITY, Error, KEY_56, KEY_128, Layout, NTLM,
    REQUEST_TARGET, TARGET_INFO, TARGET_TYPE_DOMAIN, UNICODE,
};
use crate::target_info::{self, FLAGS, HAS_MIC, NB_COMPUTER_NAME, NB_DOMAIN_NAME, TIMESTAMP};

/// What a client is asked to prove its password with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    domain: String,
    nonce: [u8; 8],
    /// FILETIME.
    time: u64,
}

impl Challenge {
    /// A challenge with octets that were not used before, at a time in FILETIME (100 ns since 1601).
    #[must_use]
    pub fn new(domain: impl Into<String>, nonce: [u8; 8], time: u64) -> Self {
        Self {
            domain: domain.into(),
            nonce,
            time,
        }
    }

    /// CHALLENGE_MESSAGE.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let domain = utf16(&self.domain);
        let time = self.time.to_le_bytes();
        let computer = utf16("NDES");
        let pairs = target_info::encode(&[
            (NB_DOMAIN_NAME, &domain),
            (NB_COMPUTER_NAME, &computer),
            (TIMESTAMP, &time),
        ]);
        let flags = UNICODE
            | REQUEST_TARGET
            | NTLM
            | ALWAYS_SIGN
            | TARGET_TYPE_DOMAIN
            | EXTENDED_SESSION_SECURITY
            | TARGET_INFO
            | KEY_128
            | KEY_56;
        Composer::new(2, 56)
            .field(&domain)
            .u32(flags)
            .octets(&self.nonce)
            .octets(&[0; 8])
            .field(&pairs)
            .octets(&[0; 8])
            .finish()
    }
}

/// Whether somebody who sent `negotiate`, and answered `challenge` by `authenticate`, knows the
/// password of the account. A MIC is checked if the client says that there is one.
///
/// # Errors
/// If `authenticate` is no AUTHENTICATE_MESSAGE.
pub fn verify(
    account: &Account,
    negotiate: &[u8],
    challenge: &Challenge,
    authenticate: &[u8],
) -> Result<bool, Error> {
    let layout = Layout::parse(authenticate, 3)?;
    let response = layout.payload(20)?;
    let (domain, user) = (text(layout.payload(28)?), text(layout.payload(36)?));
    let Some((proof, blob)) = response.split_first_chunk::<16>() else {
        return Ok(false);
    };
    let named = if domain.is_empty() {
        // DOMAIN\user may be sent as one, and so may user@domain
        let whole = format!("{}\\{}", account.domain, account.user);
        user.eq_ignore_ascii_case(&account.user) || user.eq_ignore_ascii_case(&whole)
    } else {
        user.eq_ignore_ascii_case(&account.user) && domain.eq_ignore_ascii_case(&account.domain)
    };
    // what the client called itself is in what it proves
    let named_so = Account {
        domain,
        user,
        ..account.clone()
    };
    let key = named_so.response_key();
    let expected = hmac(&*key, &[&challenge.nonce, blob]);
    if !named || !bool::from(expected.ct_eq(proof)) {
        return Ok(false);
    }
    let pairs = blob.get(28..).unwrap_or_default();
    let said = target_info::parse(pairs).unwrap_or_default();
    let has_mic = said.iter().any(|(id, value)| {
        let flags = value
            .first_chunk()
            .map(|octets| u32::from_le_bytes(*octets));
        *id == FLAGS && flags.is_some_and(|flags| flags & HAS_MIC != 0)
    });
    if !has_mic {
        return Ok(true);
    }
    let mut without = authenticate.to_vec();
    let Some(place) = without.get_mut(MIC) else {
        return Ok(false);
    };
    let mic = place.to_vec();
    place.fill(0);
    // the client may not send a session key of its own, for none was offered
    let session_key = hmac(&*key, &[proof]);
    let encoded = challenge.encode();
    let expected = hmac(&session_key, &[negotiate, &encoded, &without]);
    Ok(expected.ct_eq(&mic[..]).into())
}

fn text(octets: &[u8]) -> String {
    let units = octets
        .chunks_exact(2)
        .filter_map(|pair| <[u8; 2]>::try_from(pair).ok())
        .map(u16::from_le_bytes);
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Random, authenticate, negotiate};

    const RANDOM: Random = Random {
        nonce: [3; 8],
        time: 9,
    };

    fn asked() -> Challenge {
        Challenge::new("LAB", [1; 8], 7)
    }

    fn accepts(name: &str, password: &str) -> bool {
        let account = Account::new(name, password);
        let third = authenticate(&account, &negotiate(), &asked().encode(), RANDOM).unwrap();
        let known = Account::new("LAB\\admin", "right");
        verify(&known, &negotiate(), &asked(), &third).unwrap()
    }

    #[test]
    fn only_the_right_password_of_the_right_user() {
        assert!(accepts("LAB\\admin", "right"));
        assert!(accepts("lab\\ADMIN", "right"));
        assert!(accepts("admin", "right"));
        assert!(!accepts("LAB\\admin", "wrong"));
        assert!(!accepts("LAB\\other", "right"));
        assert!(!accepts("OTHER\\admin", "right"));
    }

    #[test]
    fn nothing_of_it_can_be_changed_or_used_again() {
        let account = Account::new("LAB\\admin", "right");
        let third = authenticate(&account, &negotiate(), &asked().encode(), RANDOM).unwrap();
        let other = Challenge::new("LAB", [2; 8], 7);
        assert!(!verify(&account, &negotiate(), &other, &third).unwrap());
        for at in 0..third.len() {
            let mut changed = third.clone();
            changed[at] ^= 1;
            let accepted = verify(&account, &negotiate(), &asked(), &changed);
            assert!(!accepted.unwrap_or(false), "octet {at}");
        }
    }
}
