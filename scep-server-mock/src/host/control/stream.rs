//! Journal and logs as they are written, as server-sent events (HTML Living Standard section 9.2).

use std::fmt::Write as _;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http_body_util::Channel;
use http_body_util::channel::Sender;
use hyper::body::Bytes;

use super::super::Shared;
use super::api::number;
use crate::wire::Request;

/// How often something is sent when nothing happens, so that a broken connection is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Whatever is between the numbers of what was sent last and what there is now.
#[derive(Clone, Copy)]
struct Cursor {
    journal: u64,
    log: u64,
}

/// Opens a stream. A browser that comes again says in `Last-Event-ID` where it was.
pub(super) fn open(
    shared: &Arc<Shared>,
    request: &Request,
) -> hyper::Response<Channel<Bytes, std::convert::Infallible>> {
    let (sender, body) = Channel::new(16);
    let query = request.query.as_deref().unwrap_or_default();
    let last = request
        .header("last-event-id")
        .and_then(|id| id.parse().ok());
    let after = last.or_else(|| number(query, "after"));
    let cursor = shared.look(|s| {
        let d = s.deployment();
        let log = match after {
            // the log records of those exchanges come with them
            Some(after) => d
                .events()
                .filter(|record| record.activity <= after)
                .last()
                .map_or(0, |record| record.record),
            None => d.events().last().map_or(0, |record| record.record),
        };
        Cursor {
            journal: after.unwrap_or_else(|| d.journal().last().map_or(0, |entry| entry.n)),
            log,
        }
    });
    tokio::spawn(feed(Arc::downgrade(shared), sender, cursor));
    let mut response = hyper::Response::new(body);
    let headers = response.headers_mut();
    for (name, value) in [
        (hyper::header::CONTENT_TYPE, "text/event-stream"),
        (hyper::header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}

/// Sends what is new until the client goes away, or the mock ends.
async fn feed(shared: Weak<Shared>, mut sender: Sender<Bytes>, mut cursor: Cursor) {
    if sender
        .send_data(Bytes::from_static(b": here\n\n"))
        .await
        .is_err()
    {
        return;
    }
    loop {
        let Some(strong) = shared.upgrade() else {
            return;
        };
        let news = strong.activity.notified();
        tokio::pin!(news);
        // Listen for the news before looking, so that none is missed.
        news.as_mut().enable();
        let text = written_since(&strong, &mut cursor);
        if text.is_empty() {
            let waited = tokio::time::timeout(KEEP_ALIVE, news).await;
            if waited.is_err()
                && sender
                    .send_data(Bytes::from_static(b":\n\n"))
                    .await
                    .is_err()
            {
                return;
            }
        } else if sender.send_data(Bytes::from(text)).await.is_err() {
            return;
        }
    }
}

fn written_since(shared: &Shared, cursor: &mut Cursor) -> String {
    let mut text = String::new();
    shared.look(|s| {
        let d = s.deployment();
        let Cursor { journal, log } = *cursor;
        // a reset empties both, and numbers go on
        for entry in d.journal().filter(|entry| entry.n > journal) {
            let data = serde_json::to_string(entry).unwrap_or_default();
            // writing to a String cannot fail
            let _ = write!(text, "event: journal\nid: {}\ndata: {data}\n\n", entry.n);
            cursor.journal = entry.n;
        }
        for record in d.events().filter(|record| record.record > log) {
            let data = serde_json::to_string(record).unwrap_or_default();
            let _ = write!(text, "event: log\ndata: {data}\n\n");
            cursor.log = record.record;
        }
    });
    text
}
