//! UTCTime and GeneralizedTime as peers write them.

use alloc::format;
use core::time::Duration;

use super::{Tlv, tag};
use crate::error::Layer;
use crate::{Error, Result, UnixTime};

/// Reads a Time. Beyond RFC 5280 it accepts a missing seconds field, fractions of a second, a zone
/// offset, and GeneralizedTime before 2050: peers send all of them.
///
/// # Errors
/// `Malformed` if it is no time at all.
pub fn decode_time(tlv: &Tlv<'_>) -> Result<UnixTime> {
    let fail =
        |why: &str| Error::malformed_at(Layer::Asn1, format!("a time value {why}"), tlv.offset);
    let year_digits = match tlv.tag {
        tag::UTC_TIME => 2,
        tag::GENERALIZED_TIME => 4,
        other => {
            return Err(fail(&format!(
                "is {}, not UTCTime or GeneralizedTime",
                tag::name(other)
            )));
        }
    };
    let text = core::str::from_utf8(tlv.value).map_err(|_| fail("is not ASCII"))?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number =
        |from: usize, len: usize| -> Option<u16> { text.get(from..from + len)?.parse().ok() };
    let year = number(0, year_digits).ok_or_else(|| fail("has no year"))?;
    let year = match (year_digits, year) {
        (2, yy @ 0..50) => 2000 + yy,
        (2, yy) => 1900 + yy,
        (_, yyyy) => yyyy,
    };
    let mut fields = [1_u8, 1, 0, 0, 0];
    for (i, field) in fields.iter_mut().enumerate() {
        let at = year_digits + 2 * i;
        if at + 2 <= digits {
            let n = number(at, 2).ok_or_else(|| fail("has a broken field"))?;
            *field = u8::try_from(n).map_err(|_| fail("has a broken field"))?;
        } else if i < 4 {
            return Err(fail("is too short"));
        }
    }
    let [month, day, hour, minute, second] = fields;
    let utc = UnixTime::from_civil(year, month, day, hour, minute, second.min(59))
        .ok_or_else(|| fail("is no date of the calendar"))?;
    let zone = text
        .get(digits..)
        .unwrap_or_default()
        .trim_start_matches(['.', ',']);
    let zone = zone.trim_start_matches(|c: char| c.is_ascii_digit());
    match zone.as_bytes() {
        [b'Z'] | [] => Ok(utc),
        [sign @ (b'+' | b'-'), h1, h2, m1, m2]
            if [h1, h2, m1, m2].iter().all(|d| d.is_ascii_digit()) =>
        {
            let two = |a: &u8, b: &u8| u64::from(a - b'0') * 10 + u64::from(b - b'0');
            let offset = Duration::from_secs(two(h1, h2) * 3600 + two(m1, m2) * 60);
            Ok(if *sign == b'+' {
                utc.minus(offset)
            } else {
                utc.plus(offset)
            })
        }
        _ => Err(fail("has a broken time zone")),
    }
}
