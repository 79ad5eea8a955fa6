//! HTTP/1.1 as far as SCEP peers speak it: one reader for a server, a recorder and their tests.

use std::io::{self, BufRead, Read};

/// A request as it came off the wire.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// A response as it came off the wire.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// The next request; `None` at the end of the connection.
pub fn read_request(from: &mut impl BufRead) -> io::Result<Option<Request>> {
    let Some((start, headers)) = read_head(from)? else {
        return Ok(None);
    };
    let mut words = start.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(invalid("request line"));
    };
    let body = read_body(from, &headers, false)?;
    Ok(Some(Request {
        method: method.into(),
        target: target.into(),
        headers,
        body,
    }))
}

/// The next response; `None` at the end of the connection.
pub fn read_response(from: &mut impl BufRead) -> io::Result<Option<Response>> {
    loop {
        let Some((start, headers)) = read_head(from)? else {
            return Ok(None);
        };
        let status = start
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| invalid("status line"))?;
        if status == 100 {
            continue;
        }
        let body = read_body(from, &headers, true)?;
        return Ok(Some(Response {
            status,
            headers,
            body,
        }));
    }
}

type Head = (String, Vec<(String, String)>);

fn read_head(from: &mut impl BufRead) -> io::Result<Option<Head>> {
    let Some(start) = read_line(from)? else {
        return Ok(None);
    };
    let mut headers = Vec::new();
    loop {
        let line = read_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(Some((start, headers)));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid("header"))?;
        headers.push((name.trim().into(), value.trim().into()));
    }
}

fn read_line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8(line).map_err(|_| invalid("line"))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).into()))
}

fn read_body(
    from: &mut impl BufRead,
    headers: &[(String, String)],
    until_end: bool,
) -> io::Result<Vec<u8>> {
    if header(headers, "transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
        return read_chunks(from);
    }
    let mut body = Vec::new();
    match header(headers, "content-length") {
        Some(length) => {
            let length: u64 = length.parse().map_err(|_| invalid("Content-Length"))?;
            if from.take(length).read_to_end(&mut body)? as u64 != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        None if until_end => {
            from.read_to_end(&mut body)?;
        }
        None => {}
    }
    Ok(body)
}

fn read_chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| invalid("chunk size"))?;
        from.take(size).read_to_end(&mut body)?;
        let end = read_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if size == 0 {
            return Ok(body);
        }
        if !end.is_empty() {
            return Err(invalid("chunk"));
        }
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("broken {what}"))
}
