//! A small HTTP/1.1 client that speaks from within a host. Enough for WebDriver and for plain requests; no TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::time::Duration;

use crate::host::Host;

/// Longest body that is read, bytes: a screenshot fits.
const MAX_BODY: u64 = 64 << 20;

/// Where requests go. Each request is a connection of its own.
pub struct HttpStream {
    host: Host,
    target: String,
    patience: Duration,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, whatever its transfer coding was.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of this name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl HttpStream {
    pub(crate) fn new(host: Host, target: &str) -> Self {
        Self { host, target: target.to_owned(), patience: Duration::from_secs(30) }
    }

    /// How long an answer may take; 30 s unless set.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A GET with exactly these headers beside `Connection: close` (and `Host`, unless given).
    ///
    /// # Errors
    /// The connection failed, or what came was not HTTP.
    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> std::io::Result<HttpResponse> {
        self.request("GET", path, headers, &[])
    }

    /// Any request.
    ///
    /// # Errors
    /// The connection failed, or what came was not HTTP.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<HttpResponse> {
        let mut stream = self.host.try_connect(&self.target)?;
        stream.set_read_timeout(Some(self.patience))?;
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        let given = |name: &str| headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
        if !given("host") {
            head.push_str(&format!("Host: {}\r\n", self.target));
        }
        if !given("connection") {
            head.push_str("Connection: close\r\n");
        }
        for (key, value) in headers {
            head.push_str(&format!("{key}: {value}\r\n"));
        }
        if !body.is_empty() || method == "POST" {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        read_response(&mut BufReader::new(stream), method == "HEAD")
    }
}

fn invalid(what: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, what.to_owned())
}

fn read_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    reader.by_ref().take(64 << 10).read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Err(invalid("the connection ended within a line"));
    }
    Ok(line.trim_end().to_owned())
}

/// Reads one answer (RFC 9112), also where its connection then stays open.
fn read_response(reader: &mut impl BufRead, bodiless: bool) -> std::io::Result<HttpResponse> {
    let first = read_line(reader)?;
    let status = first
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1)?.parse().ok())
        .ok_or_else(|| invalid(&format!("not an HTTP answer: {first}")))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            break;
        }
        let (key, value) = line.split_once(':').ok_or_else(|| invalid("a header without a colon"))?;
        headers.push((key.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut response = HttpResponse { status, headers, body: Vec::new() };
    if bodiless || status == 101 || status == 204 || status == 304 {
        return Ok(response);
    }
    if response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        loop {
            let line = read_line(reader)?;
            let size = line.split(';').next().and_then(|size| u64::from_str_radix(size.trim(), 16).ok());
            let size = size.ok_or_else(|| invalid("a chunk without a size"))?;
            if size == 0 {
                return Ok(response);
            }
            if size + response.body.len() as u64 > MAX_BODY {
                return Err(invalid("the body is too long"));
            }
            reader.by_ref().take(size).read_to_end(&mut response.body)?;
            read_line(reader)?;
        }
    }
    let length = match response.header("content-length") {
        Some(length) => length.parse().map_err(|_| invalid("a bad content-length"))?,
        None => MAX_BODY,
    };
    reader.by_ref().take(length.min(MAX_BODY)).read_to_end(&mut response.body)?;
    Ok(response)
}
