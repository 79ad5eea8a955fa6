//! Messages that cross each other.

use super::checks;
use crate::server_suite::flaw::Answer;
use crate::server_suite::reply::Reply;
use crate::server_suite::session::Wish;
use crate::server_suite::{Flaw, Session, ensure};
use crate::verdict::Stop;

/// Four messages on their way at the same time.
async fn at_once(
    s: &mut Session<'_>,
    messages: [(Vec<u8>, crate::server_suite::craft::Request); 4],
) -> Result<Vec<Option<Reply>>, Stop> {
    s.roles().await?;
    let mut sessions = [s.beside(), s.beside(), s.beside(), s.beside()];
    let replies = {
        let [a, b, c, d] = &mut sessions;
        let [ma, mb, mc, md] = messages;
        let (a, b, c, d) = tokio::join!(
            a.answered_when_free(ma.0, &ma.1),
            b.answered_when_free(mb.0, &mb.1),
            c.answered_when_free(mc.0, &mc.1),
            d.answered_when_free(md.0, &md.1),
        );
        [a, b, c, d]
    };
    for session in sessions {
        s.join(session);
    }
    replies.into_iter().collect()
}

/// Four requests for these wishes.
async fn requests(
    s: &mut Session<'_>,
    wishes: &[Wish; 4],
) -> Result<[(Vec<u8>, crate::server_suite::craft::Request); 4], Stop> {
    let mut messages = Vec::new();
    for wish in wishes {
        let request = s.pkcs_req(wish).await?;
        messages.push((s.encode(&request)?, request));
    }
    messages
        .try_into()
        .map_err(|_| Stop::NotRun("four wishes make four requests".into()))
}

fn serials(replies: &[Option<Reply>]) -> Result<Vec<String>, Stop> {
    let granted = replies.iter().flatten().filter(|reply| reply.granted());
    granted
        .map(|reply| {
            let certificates = &reply.inside()?.certificates;
            let leaf = certificates.iter().find(|c| !c.is_ca());
            Ok(leaf
                .map(scep_core::x509::Certificate::serial_hex)
                .unwrap_or_default())
        })
        .collect()
}

checks! {
    "concurrency.devices", Robustness, [],
    "Four devices that enroll at the same time get a certificate each, with their own nonce and transactionID",
    Flaw::Rules(|rules| rules.same_serial = true),
    ["certificates.serial"],
    |s| {
        let wishes = [s.wish().await?, s.wish().await?, s.wish().await?, s.wish().await?];
        let messages = requests(s, &wishes).await?;
        let asked: Vec<_> = messages.iter().map(|(_, request)| request.clone()).collect();
        let replies = at_once(s, messages).await?;
        for (reply, request) in replies.iter().zip(&asked) {
            let reply = reply.as_ref().ok_or_else(|| Stop::unlike("SUCCESS", "an error of HTTP"))?;
            ensure(reply.granted(), "SUCCESS", reply.says())?;
            let id = reply.attributes.transaction_id.as_str();
            ensure(id == request.transaction_id, &request.transaction_id, id)?;
            let nonce = reply.attributes.recipient_nonce.as_ref();
            let own = nonce.is_some_and(|nonce| nonce.as_octets() == request.sender_nonce);
            ensure(own, "the request's nonce", "another one")?;
        }
        let mut serials = serials(&replies)?;
        serials.sort();
        serials.dedup();
        ensure(serials.len() == 4, "four serial numbers", serials.len())?;
    }

    "concurrency.one-password", Security, ["R-7.3-b"],
    "Of four requests that come with the same challenge password at the same time, one at most is granted",
    Flaw::Rules(|rules| rules.reuses_challenges = true),
    ["authorization.one-time"],
    |s| {
        let wish = s.wish().await?;
        let mut wishes = [wish.clone(), wish.clone(), wish.clone(), wish];
        for wish in &mut wishes {
            wish.subject = s.name()?;
        }
        let messages = requests(s, &wishes).await?;
        let replies = at_once(s, messages).await?;
        let granted = serials(&replies)?.len();
        ensure(granted <= 1, "one at most", format!("{granted} certificates"))?;
    }

    "concurrency.one-message", Security, [],
    "Of one message that comes four times at the same time, one certificate comes at most",
    Flaw::Rules(|rules| {
        rules.forgets_replies = true;
        rules.reuses_challenges = true;
    }),
    ["authorization.one-time", "authorization.replay", "concurrency.one-password"],
    |s| {
        let wish = s.wish().await?;
        let request = s.pkcs_req(&wish).await?;
        let message = (s.encode(&request)?, request);
        let replies = at_once(s, [message.clone(), message.clone(), message.clone(), message]).await?;
        let mut serials = serials(&replies)?;
        serials.sort();
        serials.dedup();
        ensure(serials.len() <= 1, "one certificate at most", format!("{} certificates", serials.len()))?;
    }

    "concurrency.while-garbage", Robustness, [],
    "A device is served while garbage comes from others",
    Flaw::When(|peek| peek.message.is_none() && peek.http.body.len() == 1999, Answer::Status(500)),
    [],
    |s| {
        s.roles().await?;
        let wish = s.wish().await?;
        let request = s.pkcs_req(&wish).await?;
        let message = s.encode(&request)?;
        let garbage = s.octets(1999);
        let (mut other, mut third) = (s.beside(), s.beside());
        let (reply, one, two) = tokio::join!(
            s.answered_when_free(message, &request),
            other.post(garbage.clone()),
            third.post(garbage),
        );
        s.join(other);
        s.join(third);
        for response in [one?, two?] {
            ensure(response.status < 500, "a refusal", format!("HTTP {}", response.status))?;
        }
        let granted = reply?.is_some_and(|reply| reply.granted());
        ensure(granted, "SUCCESS", "something else")?;
    }
}
