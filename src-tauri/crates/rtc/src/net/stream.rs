//! A connection to a TURN server over TCP or TLS (RFC 8656, section 3.1).

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{Report, SERVER_TIMEOUT};

/// Messages that wait to be written; more are dropped, as a network would.
const WRITE_QUEUE: usize = 256;

/// Connects, tells [`Report::Connected`], then every message, and [`Report::Closed`] at the end.
pub(super) async fn run(id: u64, server: SocketAddr, tls: Option<String>, reports: mpsc::Sender<Report>) {
    if let Err(error) = connect(id, server, tls, &reports).await {
        tracing::debug!(kind = ?error.kind(), "a connection to a TURN server ended");
    }
    let _ = reports.send(Report::Closed { id }).await;
}

async fn connect(
    id: u64,
    server: SocketAddr,
    tls: Option<String>,
    reports: &mpsc::Sender<Report>,
) -> io::Result<()> {
    let (stream, writer) = mpsc::channel(WRITE_QUEUE);
    let tcp = timeout(SERVER_TIMEOUT, TcpStream::connect(server)).await??;
    tcp.set_nodelay(true)?;
    let connected = Report::Connected { id, base: tcp.local_addr()?, stream };
    let Some(host) = tls else {
        let _ = reports.send(connected).await;
        return carry(id, tcp, writer, reports).await;
    };
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    let tls = timeout(SERVER_TIMEOUT, connector().await?.connect(name, tcp)).await??;
    let _ = reports.send(connected).await;
    carry(id, tls, writer, reports).await
}

/// Trusts whom this machine trusts.
async fn connector() -> io::Result<TlsConnector> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(TlsConnector::from(Arc::clone(config)));
    }
    let trusted = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.certs);
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::clone(CONFIG.get_or_init(|| Arc::new(config)))))
}

async fn carry(
    id: u64,
    stream: impl AsyncRead + AsyncWrite,
    mut writer: mpsc::Receiver<Vec<u8>>,
    reports: &mpsc::Sender<Report>,
) -> io::Result<()> {
    let (mut from, mut to) = tokio::io::split(stream);
    let read = async {
        loop {
            let message = read_message(&mut from).await?;
            if reports.send(Report::Message { id, message }).await.is_err() {
                return Ok(());
            }
        }
    };
    let write = async {
        while let Some(message) = writer.recv().await {
            to.write_all(&message).await?;
            if writer.is_empty() {
                to.flush().await?;
            }
        }
        to.shutdown().await
    };
    tokio::select! {
        ended = read => ended,
        ended = write => ended,
    }
}

/// One STUN message, or channel data with its padding (RFC 8656, section 12.5).
async fn read_message(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut message = vec![0; 4];
    from.read_exact(&mut message).await?;
    let length = usize::from(u16::from_be_bytes([message[2], message[3]]));
    let whole = match message[0] >> 6 {
        0 => 20 + length,
        1 => 4 + length.next_multiple_of(4),
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    message.resize(whole, 0);
    from.read_exact(&mut message[4..]).await?;
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_are_cut_out_of_the_stream() {
        let stun = [&[0, 1, 0, 4][..], &[7; 20]].concat();
        let channel = [&[0x40, 1, 0, 5][..], &[8; 8]].concat();
        let both = [&stun[..], &channel, &stun[..9]].concat();
        let mut from = &both[..];
        assert_eq!(read_message(&mut from).await.unwrap(), stun);
        assert_eq!(read_message(&mut from).await.unwrap(), channel);
        assert_eq!(read_message(&mut from).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(
            read_message(&mut &[0x80, 0, 0, 0][..]).await.unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}
