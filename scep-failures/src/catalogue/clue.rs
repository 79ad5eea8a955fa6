//! Clues: conditions on facts, as the catalogue writes them.
//!
//! ```text
//! get-ca-caps.status = 500
//! get-ca-caps.writer in iis, http-sys
//! long-url.shortest-broken > 8192
//! log.ndes.31.text contains "minimum size"
//! log.capi2.53 present
//! get-ca-caps.via absent
//! ```

use core::fmt;
use core::str::FromStr;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::words::Provenance;
use crate::error::Error;
use crate::evidence::Value;

/// A condition on one fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Clue {
    /// Path of the fact.
    pub fact: String,
    /// What is asked of it.
    pub test: Test,
}

/// What is asked of a fact. A fact with several values passes if one of them does; `!=` is passed
/// only if all of them do.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `= value`
    Is(Value),
    /// `!= value`
    IsNot(Value),
    /// `in a, b, c`
    OneOf(Vec<Value>),
    /// `> n`, `>= n`, `< n`, `<= n`
    Compare(Comparison, i64),
    /// `contains "text"`, without regard to case
    Contains(String),
    /// `present`
    Present,
    /// `absent`: it was looked for, and is not there.
    Absent,
}

/// An order relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Comparison {
    const fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

impl Test {
    /// Whether one value passes. `present` is passed by any, `absent` by none.
    #[must_use]
    pub fn passes(&self, value: &Value) -> bool {
        match self {
            Self::Is(wanted) => value.same(wanted),
            Self::IsNot(unwanted) => !value.same(unwanted),
            Self::OneOf(list) => list.iter().any(|wanted| value.same(wanted)),
            Self::Compare(comparison, bound) => match value {
                Value::Number(number) => comparison.holds(*number, *bound),
                Value::Bool(_) | Value::Text(_) => false,
            },
            Self::Contains(part) => match value {
                Value::Text(text) => text.to_lowercase().contains(&part.to_lowercase()),
                Value::Bool(_) | Value::Number(_) => false,
            },
            Self::Present => true,
            Self::Absent => false,
        }
    }
}

impl FromStr for Clue {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let fail = |problem: &str| Error::clue(text, problem);
        let trimmed = text.trim();
        let (fact, rest) = trimmed.split_once(char::is_whitespace).ok_or_else(|| {
            fail("it wants a fact and a test, such as `get-ca-caps.status = 500` or `get-ca-caps.via absent`")
        })?;
        if fact.contains(['=', '<', '>', '!']) {
            return Err(fail("leave blanks around the operator"));
        }
        let rest = rest.trim();
        let (operator, operand) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let operand = operand.trim();
        let values = || parse_values(operand).map_err(&fail);
        let one = || match values()?.as_slice() {
            [value] => Ok(value.clone()),
            _ => Err(fail("one value is wanted; use `in` for a list")),
        };
        let test = match operator {
            "=" => Test::Is(one()?),
            "!=" => Test::IsNot(one()?),
            "in" => Test::OneOf(values()?),
            "<" | "<=" | ">" | ">=" => {
                let Value::Number(bound) = one()? else {
                    return Err(fail("a number is wanted"));
                };
                let comparison = match operator {
                    "<" => Comparison::Less,
                    "<=" => Comparison::AtMost,
                    ">" => Comparison::Greater,
                    _ => Comparison::AtLeast,
                };
                Test::Compare(comparison, bound)
            }
            "contains" => Test::Contains(one()?.to_string()),
            "present" if operand.is_empty() => Test::Present,
            "absent" if operand.is_empty() => Test::Absent,
            "present" | "absent" => return Err(fail("nothing may follow `present` or `absent`")),
            _ => {
                return Err(fail(
                    "the test is one of = != in < <= > >= contains present absent",
                ));
            }
        };
        Ok(Self {
            fact: fact.to_owned(),
            test,
        })
    }
}

/// Values separated by commas; a value in quotation marks is text whatever it looks like.
fn parse_values(text: &str) -> Result<Vec<Value>, &'static str> {
    let mut values = Vec::new();
    let mut rest = text.trim();
    loop {
        let (value, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let (inner, after) = quoted
                .split_once('"')
                .ok_or("a quotation mark is not closed")?;
            (Value::Text(inner.to_owned()), after)
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if word.trim().is_empty() {
                return Err("a value is missing");
            }
            (Value::from_word(word.trim()), after)
        };
        values.push(value);
        let after = after.trim_start();
        if after.is_empty() {
            return Ok(values);
        }
        rest = after
            .strip_prefix(',')
            .ok_or("values are separated by commas")?
            .trim_start();
    }
}

impl fmt::Display for Clue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = |value: &Value| match value {
            Value::Text(text)
                if Value::from_word(text) != *value || text.contains([',', ' ', '"']) =>
            {
                format!("\"{text}\"")
            }
            other => other.to_string(),
        };
        write!(f, "{} ", self.fact)?;
        match &self.test {
            Test::Is(value) => write!(f, "= {}", quote(value)),
            Test::IsNot(value) => write!(f, "!= {}", quote(value)),
            Test::OneOf(list) => write!(
                f,
                "in {}",
                list.iter().map(quote).collect::<Vec<_>>().join(", ")
            ),
            Test::Compare(comparison, bound) => write!(f, "{} {bound}", comparison.sign()),
            Test::Contains(part) => write!(f, "contains {}", quote(&Value::Text(part.clone()))),
            Test::Present => f.write_str("present"),
            Test::Absent => f.write_str("absent"),
        }
    }
}

/// A clue in the catalogue: the condition, and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint {
    /// The condition.
    pub clue: Clue,
    /// The reason in a reader's words, where the fact's own description does not do.
    pub because: Option<String>,
    /// How it is known that the condition means what it is taken for.
    pub provenance: Option<Provenance>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    clue: String,
    because: Option<String>,
    provenance: Option<Provenance>,
}

/// A visitor rather than an untagged enum, whose errors would not say what is wrong.
struct HintVisitor;

impl<'de> Visitor<'de> for HintVisitor {
    type Value = Hint;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a clue, or a table with `clue`, `because` and `provenance`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Hint, E> {
        Ok(Hint {
            clue: text.parse().map_err(E::custom)?,
            because: None,
            provenance: None,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Hint, A::Error> {
        let table = Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
        let clue = table.clue.parse().map_err(de::Error::custom)?;
        Ok(Hint {
            clue,
            because: table.because,
            provenance: table.provenance,
        })
    }
}

impl<'de> Deserialize<'de> for Hint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HintVisitor)
    }
}

impl Serialize for Hint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let clue = self.clue.to_string();
        if self.because.is_none() && self.provenance.is_none() {
            serializer.serialize_str(&clue)
        } else {
            Table {
                clue,
                because: self.because.clone(),
                provenance: self.provenance,
            }
            .serialize(serializer)
        }
    }
}

/// The clues of a symptom or of a mode.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clues {
    /// Each of these holds, or it is something else.
    pub must: Vec<Hint>,
    /// These speak for it.
    pub helps: Vec<Hint>,
    /// If one of these holds, it is something else.
    pub excludes: Vec<Hint>,
}

impl Clues {
    /// Every clue.
    pub fn all(&self) -> impl Iterator<Item = &Hint> {
        self.must.iter().chain(&self.helps).chain(&self.excludes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Test {
        text.parse::<Clue>().unwrap().test
    }

    fn problem(text: &str) -> String {
        text.parse::<Clue>().unwrap_err().to_string()
    }

    #[test]
    fn every_form_is_read_and_written_back() {
        for text in [
            "get-ca-caps.status = 500",
            "get-ca-caps.status != 200",
            "get-ca-caps.writer in iis, http-sys",
            "long-url.shortest-broken >= 8192",
            "x.y < -3",
            "log.ndes.31.text contains \"minimum size\"",
            "log.iis.code in \"403 16\", \"403 7\"",
            "log.capi2.53 present",
            "get-ca-caps.via absent",
            "tls.client-certificate-requested = true",
        ] {
            let clue: Clue = text.parse().unwrap();
            assert_eq!(clue.to_string(), text);
            assert_eq!(clue.to_string().parse::<Clue>().unwrap(), clue);
        }
    }

    #[test]
    fn words_get_the_type_they_look_like_and_quotes_make_text() {
        assert_eq!(parse("a = 500"), Test::Is(Value::Number(500)));
        assert_eq!(parse("a = true"), Test::Is(Value::Bool(true)));
        assert_eq!(parse("a = \"500\""), Test::Is(Value::Text("500".into())));
        assert_eq!(
            parse("a = 0x80070057"),
            Test::Is(Value::Text("0x80070057".into()))
        );
    }

    #[test]
    fn errors_name_the_clue_and_say_what_is_wanted() {
        assert!(problem("a=5").contains("wants a fact and a test"));
        assert!(problem("a= 5").contains("blanks around the operator"));
        assert!(problem("a =").contains("a value is missing"));
        assert!(problem("a = 1, 2").contains("use `in`"));
        assert!(problem("a > many").contains("a number is wanted"));
        assert!(problem("a is 5").contains("the test is one of"));
        assert!(problem("a present 5").contains("nothing may follow"));
        assert!(problem("a = \"5").contains("not closed"));
        assert!(problem("a in x, ").contains("a value is missing"));
        assert!(problem("lonely").contains("`lonely`"));
    }

    #[test]
    fn tests_pass_and_fail() {
        let number = Value::Number(500);
        let text = Value::Text("AppOffline SCEP".into());
        assert!(parse("a = 500").passes(&number));
        assert!(!parse("a = 501").passes(&number));
        assert!(parse("a in 1, 500").passes(&number));
        assert!(!parse("a in 1, 2").passes(&number));
        assert!(parse("a > 499").passes(&number));
        assert!(!parse("a > 500").passes(&number));
        assert!(parse("a <= 500").passes(&number));
        assert!(!parse("a > 1").passes(&text));
        assert!(parse("a contains appoffline").passes(&text));
        assert!(!parse("a contains disabled").passes(&text));
        assert!(parse("a != 1").passes(&number));
        assert!(parse("a = \"appoffline scep\"").passes(&text));
    }
}
