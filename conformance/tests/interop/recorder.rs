//! A TCP proxy on loopback that remembers what passed through it, octet by octet.
//!
//! It changes nothing, so that a server sees exactly what a client sent: no Host, odd line breaks
//! in a URL, and whatever else an HTTP library would have tidied up.

use std::io::{self, Cursor, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use scep_core::http::ServerRequest;

use crate::http::{Request, Response, read_request, read_response};

/// One request and the response to it.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub request: Request,
    pub response: Response,
}

impl Exchange {
    /// The request as a SCEP server understands it.
    pub fn scep(&self) -> ServerRequest {
        ServerRequest::from_http(
            &self.request.method,
            self.request.query(),
            &self.request.body,
        )
        .unwrap()
    }

    /// The pkiMessage of a PKIOperation.
    pub fn pki_message(&self) -> Option<Vec<u8>> {
        match self.scep() {
            ServerRequest::PkiOperation { message } => Some(message),
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
struct Connection {
    sent: Mutex<Vec<u8>>,
    received: Mutex<Vec<u8>>,
}

/// The proxy; it runs until the test program ends.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    connections: Arc<Mutex<Vec<Arc<Connection>>>>,
}

impl Recorder {
    /// Records what goes to `upstream`.
    pub fn before(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&connections);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(upstream) else {
                    continue;
                };
                let connection = Arc::new(Connection::default());
                list.lock().unwrap().push(Arc::clone(&connection));
                spawn_copy(&client, &server, Arc::clone(&connection), |c| &c.sent);
                spawn_copy(&server, &client, connection, |c| &c.received);
            }
        });
        Self {
            address,
            connections,
        }
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything so far, in the order of the connections.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let mut exchanges = Vec::new();
        for connection in self.connections.lock().unwrap().iter() {
            let mut sent = Cursor::new(connection.sent.lock().unwrap().clone());
            let mut received = Cursor::new(connection.received.lock().unwrap().clone());
            while let Some(request) = read_request(&mut sent).unwrap() {
                let response = read_response(&mut received).unwrap();
                exchanges.push(Exchange {
                    request,
                    response: response.expect("every request was answered"),
                });
            }
        }
        exchanges
    }

    /// The PKIOperations so far.
    pub fn pki_exchanges(&self) -> Vec<Exchange> {
        let mut exchanges = self.exchanges();
        exchanges.retain(|e| e.pki_message().is_some());
        exchanges
    }
}

fn spawn_copy(
    from: &TcpStream,
    to: &TcpStream,
    connection: Arc<Connection>,
    record: fn(&Connection) -> &Mutex<Vec<u8>>,
) {
    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        // a peer that cuts its connection ends the copy, which is all there is to do about it
        let _ = copy(from, &to, record(&connection));
        let _ = to.shutdown(Shutdown::Write);
    });
}

fn copy(mut from: TcpStream, mut to: &TcpStream, record: &Mutex<Vec<u8>>) -> io::Result<()> {
    let mut buffer = [0; 16 << 10];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        // recorded before it is passed on: whoever has read a response finds it recorded
        record.lock().unwrap().extend_from_slice(&buffer[..count]);
        to.write_all(&buffer[..count])?;
    }
}
