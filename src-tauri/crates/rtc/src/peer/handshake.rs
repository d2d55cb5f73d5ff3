//! DTLS, begun when there is a way for it.
//!
//! The engine begins its handshake with the descriptions. Who has the active part would say hello to nobody, more and more
//! seldom, and give up for good after some 30 s: a way that opens later (a firewall's question is answered, ICE is
//! restarted) would be of no use. So the active part waits here until [`BEGIN`] comes by the engine's input, which is the
//! only way to it. The passive part reckons its patience from when it was last told the time, which the engine does not
//! do while nothing comes: it is told here.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion};
use str0m::crypto::dtls::{DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion};
use str0m::crypto::{CryptoError, from_feature_flags};

/// There is a way: a datagram of ours to ourselves. It is taken for DTLS (RFC 7983), but is no record of it. It comes out
/// of the engine again, and shows by which way.
pub(super) const BEGIN: [u8; 1] = [63];

/// Until something else happens.
const LONG: Duration = Duration::from_secs(86_400);
/// How often who listens is told the time; its patience is 40 s.
const LISTENING: Duration = Duration::from_secs(2);

static ENGINE: LazyLock<CryptoProvider> = LazyLock::new(from_feature_flags);
static PATIENT: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(CryptoProvider { dtls_provider: &Patient, ..ENGINE.clone() }));

/// The engine's own cryptography, with this DTLS.
pub(super) fn provider() -> Arc<CryptoProvider> {
    PATIENT.clone()
}

#[derive(Debug)]
struct Patient;

impl DtlsProvider for Patient {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        ENGINE.dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let inner = ENGINE.dtls_provider.new_dtls(certificate, now, version, mtu)?;
        Ok(Box::new(Handshake { inner, part: Part::Listening, now, echoes: false }))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Nothing has come yet, and nothing is begun here.
    Listening,
    Passive,
    /// There is no way yet.
    Waiting,
    /// There is one, and the time is about to be told.
    Beginning,
    Active,
}

#[derive(Debug)]
struct Handshake {
    inner: Box<dyn DtlsInstance>,
    part: Part,
    now: Instant,
    /// [`BEGIN`] has to come out again.
    echoes: bool,
}

impl DtlsInstance for Handshake {
    fn set_active(&mut self, active: bool) {
        match (active, self.part) {
            (true, Part::Listening) => self.part = Part::Waiting,
            // For good, once there is one.
            (true, _) => {}
            (false, _) => self.inner.set_active(false),
        }
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        if packet == BEGIN {
            self.echoes = true;
            if self.part == Part::Waiting {
                self.part = Part::Beginning;
            }
            return Ok(());
        }
        match self.part {
            // What comes before the hello is no answer to it.
            Part::Waiting | Part::Beginning => return Ok(()),
            Part::Listening if !packet.is_empty() => self.part = Part::Passive,
            Part::Listening | Part::Passive | Part::Active => {}
        }
        self.inner.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        if std::mem::take(&mut self.echoes) {
            return DtlsOutput::Packet(&BEGIN);
        }
        match self.part {
            Part::Waiting => DtlsOutput::Timeout(self.now + LONG),
            Part::Beginning => DtlsOutput::Timeout(self.now),
            Part::Listening => match self.inner.poll_output(buffer) {
                DtlsOutput::Timeout(at) => DtlsOutput::Timeout(at.min(self.now + LISTENING)),
                other => other,
            },
            Part::Passive | Part::Active => self.inner.poll_output(buffer),
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.now = now;
        match self.part {
            Part::Waiting => return Ok(()),
            Part::Beginning => {
                self.part = Part::Active;
                self.inner.set_active(true);
            }
            Part::Listening | Part::Passive | Part::Active => {}
        }
        self.inner.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        match self.part {
            Part::Waiting | Part::Beginning => Ok(0),
            Part::Listening | Part::Passive | Part::Active => self.inner.send_application_data(data),
        }
    }

    fn is_active(&self) -> bool {
        matches!(self.part, Part::Waiting | Part::Beginning | Part::Active)
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.inner.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.inner.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.inner.close()
    }
}
