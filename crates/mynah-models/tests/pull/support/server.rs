//! An HTTP server on the loopback that serves one folder of bytes and can misbehave in every way a
//! download has to survive.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How an address answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The file, honouring `Range`.
    File(Vec<u8>),
    /// The file, always from its start.
    NoRange(Vec<u8>),
    /// The file, but every connection breaks after so many bytes of body.
    Breaking(Vec<u8>, usize),
    /// The file in pieces of so many bytes with a pause after each.
    Slow(Vec<u8>, usize, Duration),
    /// Bytes without a stated length, to the end of the connection.
    Unsized(Vec<u8>),
    /// A redirect to another path of this server.
    Redirect(&'static str),
    /// A bare status.
    Status(u16),
    /// So many times this, then something else.
    First(usize, Box<Answer>, Box<Answer>),
}

/// A request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) range_start: Option<usize>,
}

pub(crate) struct Server {
    pub(crate) endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server; it runs until the test program ends.
    pub(crate) fn start(answers: impl IntoIterator<Item = (&'static str, Answer)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answers: Arc<BTreeMap<_, _>> = Arc::new(answers.into_iter().collect());
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, seen) = (Arc::clone(&answers), Arc::clone(&seen));
                thread::spawn(move || serve(&stream, &answers, &seen));
            }
        });
        Self { endpoint, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The starts of the ranges asked of one path, in order.
    pub(crate) fn starts(&self, path: &str) -> Vec<Option<usize>> {
        let of_path = self
            .requests()
            .into_iter()
            .filter(|request| request.path == path);
        of_path.map(|request| request.range_start).collect()
    }
}

fn serve(stream: &TcpStream, answers: &BTreeMap<&'static str, Answer>, seen: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Some(request) = read_request(&mut reader) else {
        return;
    };
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.iter()
            .filter(|earlier| earlier.path == request.path)
            .count()
            - 1
    };
    let missing = Answer::Status(404);
    let mut answer = answers.get(request.path.as_str()).unwrap_or(&missing);
    if let Answer::First(times, first, then) = answer {
        answer = if before < *times { first } else { then };
    }
    match send(stream, answer, request.range_start) {
        Err(error)
            if !matches!(
                error.kind(),
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
            ) =>
        {
            panic!("{error}")
        }
        _ => {}
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut range_start = None;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let lower = line.trim().to_ascii_lowercase();
        if lower.is_empty() {
            return Some(Request { path, range_start });
        }
        if let Some(range) = lower.strip_prefix("range: bytes=") {
            range_start = Some(range.strip_suffix('-').unwrap().parse().unwrap());
        }
    }
}

fn send(mut out: &TcpStream, answer: &Answer, range_start: Option<usize>) -> std::io::Result<()> {
    let honoured = if matches!(answer, Answer::NoRange(_)) {
        None
    } else {
        range_start
    };
    match answer {
        Answer::Redirect(to) => {
            write!(
                out,
                "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        }
        Answer::Status(status) => {
            write!(
                out,
                "HTTP/1.1 {status} Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        }
        Answer::Unsized(bytes) => {
            write!(out, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            out.write_all(bytes)
        }
        Answer::File(bytes) | Answer::NoRange(bytes) => out.write_all(head(out, bytes, honoured)?),
        Answer::Breaking(bytes, after) => {
            let body = head(out, bytes, honoured)?;
            out.write_all(&body[..body.len().min(*after)])
        }
        Answer::Slow(bytes, piece, pause) => {
            for piece in head(out, bytes, honoured)?.chunks(*piece) {
                out.write_all(piece)?;
                thread::sleep(*pause);
            }
            Ok(())
        }
        Answer::First(..) => unreachable!("resolved before"),
    }
}

/// Sends the head of an answer and returns the body that belongs to it.
fn head<'b>(
    mut out: &TcpStream,
    bytes: &'b [u8],
    range_start: Option<usize>,
) -> std::io::Result<&'b [u8]> {
    let total = bytes.len();
    match range_start {
        None => write!(
            out,
            "HTTP/1.1 200 OK\r\nContent-Length: {total}\r\nConnection: close\r\n\r\n"
        )?,
        Some(start) if start < total => {
            let (length, last) = (total - start, total - 1);
            write!(
                out,
                "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{last}/{total}\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n"
            )?;
        }
        Some(_) => {
            write!(
                out,
                "HTTP/1.1 416 Range\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )?;
            return Ok(&[]);
        }
    }
    Ok(&bytes[range_start.unwrap_or(0)..])
}
