//! One connection without IO: descriptions, ICE, DTLS, SRTP, SCTP, bandwidth. Built on str0m.
//!
//! Invariants:
//! * Nothing of the other side reaches the engine unread: descriptions and candidates are understood first and written
//!   anew (`theirs`, `candidates`).
//! * After each call the engine is emptied of all that it wants, so that [`Peer::poll`] has everything.
//! * Everything is bounded; what comes too much is dropped, pictures whole.

mod answers;
mod candidates;
mod channels;
mod codecs;
mod descriptions;
mod handshake;
mod incoming;
mod layout;
mod lines;
mod offers;
mod ours;
mod outgoing;
mod plans;
mod share;
mod states;
mod stats;
mod theirs;

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::bwe::Bitrate;
use str0m::media::Mid;
use str0m::net::{Protocol, Receive};
use str0m::rtp::Extension;
use str0m::{Input, Rtc, RtcError};

use self::candidates::Candidates;
use self::channels::Channels;
use self::descriptions::Descriptions;
use self::lines::LineState;
use self::share::Share;
use self::states::States;
use self::stats::Stats;
use crate::sound::{SoundPacket, SoundStats};
use crate::wire::{
    ChannelKey, Configuration, DtlsState, Encoding, Event, Fault, IceState, Line, MAX_MESSAGE_BYTES, Reply,
    Request,
};

/// A picture, coded, either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its m-line.
    pub line: Line,
    /// See [`crate::frame::CODECS`].
    pub codec: u8,
    /// Needs no other.
    pub keyframe: bool,
    /// Received: nothing is missing before it.
    pub contiguous: bool,
    /// µs. To be sent: capture time on the page's clock. Received: media time.
    pub time: u64,
    /// Received: when the sender captured it, µs on the sender's NTP clock, if sender reports tell.
    pub captured_at: Option<u64>,
    /// Coded.
    pub data: Arc<[u8]>,
}

/// What a connection wants done.
#[derive(Debug)]
pub enum Output {
    /// Send a datagram from the socket or relay allocation at `source`.
    Transmit {
        /// A candidate's base, or a relayed candidate's address.
        source: SocketAddr,
        /// To.
        destination: SocketAddr,
        /// What.
        contents: Vec<u8>,
    },
    /// Gather candidates, all anew when `restart`; each is told by [`Peer::found`], the end by [`Peer::gathered`].
    Gather {
        /// The configuration that holds.
        configuration: Configuration,
        /// After an ICE restart.
        restart: bool,
    },
    /// Resolve a `.local` name, and tell [`Peer::resolved`].
    Resolve {
        /// Ends in `.local`.
        name: String,
    },
    /// Tell the page.
    Event(Event),
    /// Show the page.
    Picture(Picture),
    /// A voice's packet came.
    Sound {
        /// Its m-line.
        line: Line,
        /// Opus.
        packet: SoundPacket,
    },
    /// A channel's message came.
    Data {
        /// Which.
        channel: ChannelKey,
        /// Else bytes.
        text: bool,
        /// What.
        data: Vec<u8>,
    },
    /// What a line's source should reckon with: share of packets that they lose, 0 to 1.
    Loss {
        /// Its m-line.
        line: Line,
        /// 0 to 1.
        fraction: f32,
    },
    /// Over: nothing more comes.
    Ended,
}

/// Reports of both ways, and what is told of them.
const REPORTS: Duration = Duration::from_secs(1);
const STATS: Duration = Duration::from_millis(100);
/// The engine's own queue of channel messages; the rest waits here.
const ENGINE_QUEUE: usize = 1024 * 1024;
/// Errors of single packets in a row, after which the engine is given up.
const MAX_ERRORS: usize = 64;
/// The most outputs of the engine that one call brings about: more is an engine that runs in circles.
const MAX_OUTPUTS: usize = 100_000;

/// A fatal alert before there are keys (RFC 6347, section 4.1; RFC 5246, section 7.2), with a number that no record of the
/// handshake has.
const BAD_CERTIFICATE: [u8; 15] = [21, 0xfe, 0xfd, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 2, 42];

/// One connection.
#[derive(Debug)]
pub struct Peer {
    now: Instant,
    rtc: Rtc,
    /// When the engine wants to know the time.
    engine_deadline: Instant,
    outputs: VecDeque<Output>,
    configuration: Configuration,
    /// RTCP's name for this end.
    cname: String,
    descriptions: Descriptions,
    candidates: Candidates,
    channels: Channels,
    lines: Vec<LineState>,
    /// What the page said of senders whose lines have no answer yet: sending, how, bit/s that are useful.
    early: HashMap<Line, (bool, Encoding, Option<u32>)>,
    states: States,
    /// From where to where DTLS goes.
    dtls_way: Option<(SocketAddr, SocketAddr)>,
    share: Share,
    stats: Stats,
    /// The page's clock in µs, and when it showed that.
    clock: Option<(u64, Instant)>,
    over: bool,
}

impl Peer {
    /// # Errors
    /// [`Fault`] for a configuration that cannot be.
    pub fn new(now: Instant, configuration: &Configuration) -> Result<Self, Fault> {
        let mut config = Rtc::builder()
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .clear_extension_map()
            .set_extension(1, Extension::AudioLevel)
            .set_extension(2, Extension::AbsoluteSendTime)
            .set_extension(3, Extension::TransportSequenceNumber)
            .set_extension(4, Extension::RtpMid)
            .enable_bwe(Some(Bitrate::from(u64::from(share::START))))
            .set_stats_interval(Some(STATS))
            .set_rtcp_report_interval_audio(REPORTS)
            .set_rtcp_report_interval_video(REPORTS)
            .set_reordering_size_audio(0)
            .set_crypto_provider(handshake::provider())
            .set_sctp_max_message_size(MAX_MESSAGE_BYTES as u32)
            .set_sctp_max_buffered_amount(ENGINE_QUEUE);
        config.codec_config().add_h264(108.into(), Some(109.into()), true, codecs::H264_PROFILE);
        config.codec_config().add_h264(127.into(), Some(121.into()), true, codecs::H264_BASELINE_PROFILE);
        for codec in config.codec_config().iter_mut() {
            codec.set_fb_remb(false);
        }
        // Each side shows twice in five seconds that it is there.
        config.set_max_stun_rto(Duration::from_secs(2));
        let mut rtc = config.build(now);
        let credentials = rtc.direct_api().local_ice_credentials();
        let mut peer = Self {
            now,
            rtc,
            engine_deadline: now,
            outputs: VecDeque::new(),
            configuration: configuration.clone(),
            cname: credentials.pass.chars().rev().take(16).collect(),
            descriptions: Descriptions::default(),
            candidates: Candidates::default(),
            channels: Channels::default(),
            lines: Vec::new(),
            early: HashMap::new(),
            states: States::new(now),
            dtls_way: None,
            share: Share::default(),
            stats: Stats::new(now),
            clock: None,
            over: false,
        };
        peer.timeout(now);
        Ok(peer)
    }

    /// A page's request about this connection. `sound`: what the sound engine knows of each line, for `get-stats`.
    ///
    /// # Errors
    /// What the page is told.
    pub fn request(
        &mut self,
        now: Instant,
        request: Request,
        sound: &[(Line, SoundStats)],
    ) -> Result<Reply, Fault> {
        self.now = now;
        if self.over {
            return Err(Fault::Closed);
        }
        let reply = match request {
            Request::SetConfiguration { configuration, .. } => {
                self.configuration = configuration;
                Ok(Reply::Done)
            }
            Request::CreateOffer { transceivers, ice_restart, .. } => {
                self.create_offer(&transceivers, ice_restart)
            }
            Request::CreateAnswer { transceivers, .. } => self.create_answer(&transceivers),
            Request::SetLocal { kind, .. } => self.set_local(kind),
            Request::Rollback { .. } => Ok(self.rollback()),
            Request::SetRemote { kind, sdp, .. } => self.set_remote(kind, &sdp),
            Request::AddCandidate { candidate, mid, line, ufrag, .. } => {
                self.add_candidate(&candidate, mid.as_deref(), line, ufrag.as_deref()).map(|()| Reply::Done)
            }
            Request::OpenChannel { channel, .. } => self.open_channel(channel),
            Request::CloseChannel { channel, .. } => self.close_channel(channel),
            Request::SetChannelLow { channel, threshold, .. } => self.set_channel_low(channel, threshold),
            Request::SetSender { line, sending, encoding, useful_bitrate, .. } => {
                self.set_sender(line, sending, encoding, useful_bitrate)
            }
            Request::WantKeyframe { line, .. } => self.want_keyframe(line),
            Request::GetStats { .. } => Ok(Reply::Stats { entries: self.report(sound) }),
            Request::Close { .. } => Ok(self.close()),
            // These are the session's.
            Request::Open { .. }
            | Request::OpenSource { .. }
            | Request::CloseSource { .. }
            | Request::Attach { .. } => Err(Fault::NotSupportedError),
        };
        self.drain();
        if self.over {
            self.outputs.push_back(Output::Ended);
        }
        reply
    }

    /// A datagram came to the socket or allocation at `local`.
    pub fn datagram(&mut self, now: Instant, local: SocketAddr, source: SocketAddr, contents: &[u8]) {
        self.now = now;
        if self.over || self.states.is_parked() {
            return;
        }
        // RFC 7983
        let is_check = contents.first().is_some_and(|first| *first < 4);
        // Only this end itself says when to begin.
        if contents == handshake::BEGIN {
            return;
        }
        let is_dtls = contents.first().is_some_and(|first| (20..64).contains(first));
        // Whatever is none of STUN, DTLS, RTP and RTCP is nobody's.
        let Ok(contents) = contents.try_into() else { return };
        let input =
            Input::Receive(now, Receive { proto: Protocol::Udp, source, destination: local, contents });
        if !self.rtc.accepts(&input) {
            return;
        }
        self.states.heard(now);
        self.heard_from(source, is_check);
        if is_dtls {
            self.dtls_way = Some((local, source));
        }
        if let Err(error) = self.rtc.handle_input(input) {
            self.broke(&error);
        }
        self.drain();
    }

    /// [`Peer::deadline`] has come.
    pub fn timeout(&mut self, now: Instant) {
        self.now = now;
        if self.over {
            return;
        }
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            self.broke(&error);
        }
        self.probe();
        self.ask_keyframes();
        self.drain();
    }

    /// When [`Peer::timeout`] is wanted. After every call all of [`Peer::poll`] is to be taken first.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        const IDLE: Duration = Duration::from_secs(3600);
        if self.over {
            return self.now + IDLE;
        }
        let own = [self.states.deadline(), self.share.deadline(), self.keyframe_deadline()];
        own.into_iter()
            .flatten()
            .chain([self.engine_deadline])
            .min()
            .map_or(self.now + IDLE, |at| at.min(self.now + IDLE))
    }

    /// What is to be done next; None: nothing until the next call.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn line_of(&self, mid: Mid) -> Option<Line> {
        let at = self.lines.iter().position(|line| line.engine_mid() == mid)?;
        Line::try_from(at).ok()
    }

    /// Takes all that the engine has.
    fn drain(&mut self) {
        let mut errors = 0;
        for _ in 0..MAX_OUTPUTS {
            match self.rtc.poll_output() {
                Ok(str0m::Output::Timeout(at)) => {
                    self.engine_deadline = at;
                    if !self.pump_channels() {
                        break;
                    }
                }
                Ok(str0m::Output::Transmit(transmit)) if transmit.contents[..] == handshake::BEGIN => {
                    self.aimed(Some((transmit.source, transmit.destination)));
                }
                // Nobody is there to hear it.
                Ok(str0m::Output::Transmit(_)) if self.states.is_parked() => {}
                Ok(str0m::Output::Transmit(transmit)) => {
                    self.outputs.push_back(Output::Transmit {
                        source: transmit.source,
                        destination: transmit.destination,
                        contents: transmit.contents.to_vec(),
                    });
                }
                Ok(str0m::Output::Event(event)) => self.engine(event),
                Err(error) => {
                    errors += 1;
                    if errors == MAX_ERRORS || !self.rtc.is_alive() {
                        self.rtc.disconnect();
                        self.broke(&error);
                        break;
                    }
                    self.broke(&error);
                }
            }
        }
        if let Some(state) = self.states.ice_change(self.now) {
            if !self.over {
                self.event(Event::Ice { state });
            }
            let begins = matches!(state, IceState::Connected | IceState::Completed)
                && self.states.dtls() == DtlsState::New;
            if begins {
                self.dtls(DtlsState::Connecting);
            }
        }
    }

    fn engine(&mut self, event: str0m::Event) {
        match event {
            str0m::Event::Connected => {
                self.dtls(DtlsState::Connecting);
                self.dtls(DtlsState::Connected);
                self.keyframes_wanted();
            }
            str0m::Event::IceConnectionStateChange(state) => {
                self.states.engine(self.now, state);
                if state.is_connected() {
                    self.begin_handshake();
                }
            }
            str0m::Event::MediaData(data) => self.media(data),
            str0m::Event::KeyframeRequest(request) => self.keyframe_wanted(request.mid),
            str0m::Event::ChannelOpen(id, _) => self.channel_opened(id),
            str0m::Event::ChannelData(data) => self.channel_data(data.id, !data.binary, data.data),
            str0m::Event::ChannelClose(id) => self.channel_closed(id),
            str0m::Event::Closed => {
                // Channels fail with their transport, and are not closed by it.
                self.dtls(DtlsState::Closed);
                self.close_channels();
                self.states.left(self.now);
            }
            str0m::Event::PeerStats(stats) => {
                // The engine's event of its estimate is an average of three seconds: too late for pictures.
                if let Some(estimate) = stats.bwe_tx {
                    self.estimated(estimate.as_u64(), stats.egress_loss_fraction);
                }
                self.follow();
                let pair = stats.selected_candidate_pair.as_ref();
                self.aimed(pair.map(|pair| (pair.local.addr, pair.remote.addr)));
                self.stats.peer(stats);
            }
            str0m::Event::MediaIngressStats(stats) => self.stats.ingress(stats),
            str0m::Event::MediaEgressStats(stats) => self.egress(stats),
            _ => {}
        }
    }

    /// ICE has found a way: DTLS begins if it has not, and the pair is told.
    fn begin_handshake(&mut self) {
        let nobody = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        let Ok(contents) = handshake::BEGIN.as_slice().try_into() else { return };
        let begin = Receive { proto: Protocol::Udp, source: nobody, destination: nobody, contents };
        if let Err(error) = self.rtc.handle_input(Input::Receive(self.now, begin)) {
            self.broke(&error);
        }
    }

    fn dtls(&mut self, state: DtlsState) {
        if let Some(state) = self.states.dtls_change(state)
            && !self.over
        {
            self.event(Event::Dtls { state });
        }
    }

    fn broke(&mut self, error: &RtcError) {
        tracing::debug!("the engine: {error}");
        let is_fatal = !self.rtc.is_alive() || matches!(error, RtcError::Dtls(_));
        // Not who was announced: the engine only falls silent, and they would wait for it.
        if let (RtcError::RemoteSdp(_), Some((source, destination)), false) =
            (error, self.dtls_way, self.rtc.is_alive())
            && !matches!(self.states.dtls(), DtlsState::Connected | DtlsState::Failed | DtlsState::Closed)
        {
            self.outputs.push_back(Output::Transmit {
                source,
                destination,
                contents: BAD_CERTIFICATE.to_vec(),
            });
        }
        if is_fatal && self.states.dtls_change(DtlsState::Failed).is_some() && !self.over {
            self.event(Event::Dtls { state: DtlsState::Failed });
            self.event(Event::Failed { message: "the secure transport broke".to_owned() });
        }
    }

    fn close(&mut self) -> Reply {
        self.over = true;
        self.clock = None;
        if let Err(error) = self.rtc.close() {
            tracing::debug!("not closed in order: {error}");
        }
        Reply::Done
    }
}
