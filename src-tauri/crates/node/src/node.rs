//! One install: everything that runs without a window, joined.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use earshot_discovery::{Announcement, Discovery, DiscoveryError, DiscoveryEvent, InterfaceChoice};
use earshot_identity::phrase::PhraseError;
use earshot_identity::seal::{Notary, Seals};
use earshot_identity::{DeviceKey, IdentityError};
use earshot_protocol::owner::{NetworkProblem, NetworkState, Settings, SettingsChange, StartNote};
use earshot_protocol::{DeviceId, DeviceKind, ErrorCode};
use earshot_signaling::{Greeting, HubHandle, Limits};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::Options;
use crate::core::{self, Door, Input, Parts};
use crate::instance::{self, Instance, Note};
use crate::local_names::LocalNames;
use crate::loopback::Loopback;
use crate::received::Received;
use crate::settings::{SettingsFile, person};
use crate::store::{Store, StoreError};
use crate::trust::Memory;
use crate::window::Window;

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It runs already; it was asked to come to the front, and this address opens its UI.
    #[error("Earshot is already running")]
    AlreadyRunning {
        /// Fresh one-time address of the running one's UI.
        ui: String,
    },
    /// It runs already, but does not answer.
    #[error("another Earshot uses this folder but does not answer; end it and try again: {0}")]
    Stuck(io::Error),
    /// There is no folder for its files.
    #[error("no folder for Earshot's files; name one with --data-dir")]
    NoFolder,
    /// The folder cannot be used.
    #[error("{0}: {1}")]
    Folder(PathBuf, io::Error),
    /// The device key cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The office's phrase cannot be used.
    #[error(transparent)]
    Phrase(#[from] PhraseError),
    /// The history cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The port that was asked for is taken.
    #[error("port {0} is used by another program; choose another one, or none for any free one")]
    PortInUse(u16),
    /// No port at all.
    #[error("no port could be opened: {0}")]
    NoPort(io::Error),
}

/// How long to wait for another process in the same folder that does not answer: it may have just begun, or be about to
/// end, as when somebody quits Earshot and starts it again at once.
const HOLDER_PATIENCE: Duration = Duration::from_secs(8);
/// Between two looks at it.
const HOLDER_PAUSE: Duration = Duration::from_millis(100);

/// Takes the folder for this process, or asks the process that holds it to come to the front.
async fn take_folder(folder: &Path, link: Option<&String>) -> Result<Instance, StartError> {
    let deadline = Instant::now() + HOLDER_PATIENCE;
    loop {
        let taken = Instance::take(folder).map_err(|error| StartError::Folder(folder.to_owned(), error))?;
        if let Some(instance) = taken {
            return Ok(instance);
        }
        let (knocked_at, link) = (folder.to_owned(), link.cloned());
        let answer = tokio::task::spawn_blocking(move || instance::knock(&knocked_at, link.as_deref()))
            .await
            .map_err(|error| StartError::Stuck(io::Error::other(error)))?;
        match answer {
            Ok(ui) => return Err(StartError::AlreadyRunning { ui }),
            Err(error) if Instant::now() >= deadline => return Err(StartError::Stuck(error)),
            Err(_) => tokio::time::sleep(HOLDER_PAUSE).await,
        }
    }
}

/// A running install.
pub struct Node {
    core: mpsc::Sender<Input>,
    loopback: Loopback,
    device: DeviceId,
    hub_port: u16,
    settings: watch::Receiver<Settings>,
    quit: watch::Receiver<bool>,
    stop_serving: watch::Sender<bool>,
    notes: Vec<StartNote>,
    local_names: LocalNames,
    received: Received,
    _instance: Instance,
}

impl Node {
    /// Starts an install: key, settings, history, hub, discovery, and the UI on the loopback address.
    ///
    /// # Errors
    /// See [`StartError`]. A network that is down is not one of them: it is told in the UI.
    pub async fn start(options: &Options) -> Result<Self, StartError> {
        Self::start_with(options, by_mdns, |key| Box::new(Notary::new(key, DeviceKind::Install))).await
    }

    /// The same with another way to find people, or to seal and open descriptions.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start_with(
        options: &Options,
        find: impl FnOnce(Announcement, InterfaceChoice) -> Finding,
        seals: impl FnOnce(Arc<DeviceKey>) -> Box<dyn Seals>,
    ) -> Result<Self, StartError> {
        let folder = options.folder().ok_or(StartError::NoFolder)?;
        make_folder(&folder).map_err(|error| StartError::Folder(folder.clone(), error))?;
        let instance = take_folder(&folder, options.link.as_ref()).await?;
        // What is set aside lies in the folder, and is told from there.
        let (key, _) = DeviceKey::load_or_replace(folder.join("device-key.pem"))?;
        let key = Arc::new(key);
        let (settings, _) = SettingsFile::open(&folder, options)
            .map_err(|error| StartError::Folder(folder.join("settings.toml"), error))?;
        let opened = Store::open(&folder)?;
        let memory = Memory::new(opened.devices);
        let (phrase, asked_phrase) = watch::channel(crate::phrase::load(&folder)?);
        let notes = crate::notes::unread(&folder);

        let current = settings.current();
        let (listener, hub_port) = listen(current.port).await?;
        let (stop_serving, stopped) = watch::channel(false);
        let device = key.device_id();
        let hub = HubHandle::spawn(earshot_hub::Config {
            hub: device,
            addresses: Vec::new(),
            title: String::new(),
            owner: Some(device),
            ice_servers: Vec::new(),
        });
        let router = earshot_signaling::hub_router(
            hub.clone(),
            Greeting { key: key.clone(), mutual: true, phrase: asked_phrase },
        );
        let tls = earshot_identity::tls::server_config(&key)?;
        let (door, closing) = door(stopped.clone());
        tokio::spawn(serve(listener, Some(tls), router, closing));

        let told = (!core::hidden(&current, &memory)).then(|| person(&current));
        let announcement = core::announcement(device, told, (phrase.borrow().is_some(), false), hub_port, 0);
        let (discovery, problem) = match find(announcement, core::choice(&current.interfaces)) {
            Ok(discovery) => (Some(discovery), None),
            Err(error) => {
                tracing::warn!(%error, "nobody can be found on the network");
                (None, Some(NetworkProblem::DiscoveryFailed))
            }
        };
        let ui_listener = bind_loopback(options.ui_port.unwrap_or(0)).await?;
        let ui_port = ui_listener.local_addr().map_err(StartError::NoPort)?.port();
        let (quit, quit_requested) = watch::channel(false);
        let local_names = LocalNames::new(&current.interfaces);
        let (published, settings_seen) = watch::channel(current);
        let opener = Arc::new(std::sync::OnceLock::<Loopback>::new());
        let open_in_browser = {
            let opener = opener.clone();
            Box::new(move || open_browser(opener.get()))
        };
        let seals = seals(key.clone());
        let core = core::spawn(Parts {
            link: options.link.clone(),
            folder: folder.clone(),
            key,
            seals,
            settings,
            store: opened.store,
            memory,
            phrase,
            notes: notes.clone(),
            hub,
            door,
            hub_port,
            discovery,
            network: NetworkState { problem, ..NetworkState::default() },
            quit,
            open_in_browser,
            state: published,
        });
        let received = Received::new(options.received().unwrap_or_else(|| folder.join("received")));
        let loopback = Loopback::new(ui_port, core.clone(), received.clone());
        // Set once, right here.
        let _ = opener.set(loopback.clone());
        tokio::spawn(serve(ui_listener, None, loopback.clone().router(), until(stopped)));
        instance
            .publish(&Note { port: ui_port, secret: loopback.secret().to_owned() })
            .map_err(|error| StartError::Folder(folder.clone(), error))?;
        Ok(Self {
            core,
            loopback,
            device,
            hub_port,
            settings: settings_seen,
            quit: quit_requested,
            stop_serving,
            notes,
            local_names,
            received,
            _instance: instance,
        })
    }

    /// Attaches a window.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyWindows`], or [`ErrorCode::Internal`] when the node has ended.
    pub async fn attach(&self) -> Result<Window, ErrorCode> {
        Window::attach(&self.core).await
    }

    /// A fresh address of the loopback UI, good for one opening within
    /// [`UI_KEY_LIFETIME`](earshot_protocol::limits::UI_KEY_LIFETIME) ms.
    #[must_use]
    pub fn ui_url(&self) -> String {
        self.loopback.url()
    }

    /// This device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The port that colleagues' machines connect to.
    #[must_use]
    pub fn hub_port(&self) -> u16 {
        self.hub_port
    }

    /// What the owner should hear after the start, and has not yet said to have read.
    #[must_use]
    pub fn notes(&self) -> &[StartNote] {
        &self.notes
    }

    /// The settings as they are now.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings.borrow().clone()
    }

    /// The addresses of a `.local` name (RFC 6762), such as browsers give their candidates; empty when nobody answers
    /// in time. Asked on the adapters that the settings allow.
    pub async fn resolve_local(&self, name: &str) -> Vec<IpAddr> {
        let interfaces = self.settings().interfaces;
        self.local_names.resolve(name, &interfaces).await
    }

    /// The files that windows receive.
    #[must_use]
    pub fn received(&self) -> &Received {
        &self.received
    }

    /// Shows where a link leads that the system was asked to open; [`link`](crate::link()) has taken it.
    pub async fn follow_link(&self, link: String) {
        // The node may be ending.
        let _ = self.core.send(Input::Raise(Some(link))).await;
    }

    /// Changes settings.
    ///
    /// # Errors
    /// The code for the field that is out of its bounds, or for why it could not be kept.
    pub async fn change_settings(&self, change: SettingsChange) -> Result<(), ErrorCode> {
        let (changed, answer) = oneshot::channel();
        let input = Input::Change { change: Box::new(change), changed };
        self.core.send(input).await.map_err(|_| ErrorCode::Internal)?;
        answer.await.map_err(|_| ErrorCode::Internal)?
    }

    /// Ready when the owner has asked to quit.
    pub async fn quit_requested(&self) {
        // An error means that the core has ended, which is the end too.
        let _ = self.quit.clone().wait_for(|quit| *quit).await;
    }

    /// Ends everything: calls are left, links closed, the network told.
    pub async fn shutdown(&self) {
        let (done, finished) = oneshot::channel();
        if self.core.send(Input::Shutdown(done)).await.is_ok() {
            // An error means that the core ended by itself.
            let _ = finished.await;
        }
        self.stop_serving.send_replace(true);
    }
}

/// Serves one listener until the node ends.
async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    router: axum::Router,
    stop: impl Future<Output = ()>,
) {
    if let Err(error) = earshot_signaling::serve(listener, tls, router, Limits::default(), stop).await {
        tracing::error!(kind = ?error.kind(), "a port is no longer served");
    }
}

/// Ready when the node ends.
async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the node is gone, which is the end too.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// What the core closes the hub's port with, and what the port waits for.
fn door(stopped: watch::Receiver<bool>) -> (Door, impl Future<Output = ()>) {
    let (close, asked) = oneshot::channel::<()>();
    let (all_closed, closed) = oneshot::channel();
    let closing = async move {
        // An error means that the core is gone, which is the end too.
        tokio::select! {
            _ = asked => {}
            () = until(stopped) => {}
        }
        // The listener is dropped in the same breath. Nobody may be waiting.
        let _ = all_closed.send(());
    };
    (Door { close, closed }, closing)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Opens the hub's port on every address of both families, or of IPv4 where there is no IPv6.
async fn listen(port: u16) -> Result<(TcpListener, u16), StartError> {
    let taken = |error: io::Error| {
        if error.kind() == io::ErrorKind::AddrInUse {
            StartError::PortInUse(port)
        } else {
            StartError::NoPort(error)
        }
    };
    let listener = match TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))).await {
        Ok(listener) => listener,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(taken(error)),
        Err(_) => TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))).await.map_err(taken)?,
    };
    let port = listener.local_addr().map_err(StartError::NoPort)?.port();
    Ok((listener, port))
}

async fn bind_loopback(port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(|error| {
        if error.kind() == io::ErrorKind::AddrInUse {
            StartError::PortInUse(port)
        } else {
            StartError::NoPort(error)
        }
    })
}

/// A way to find people, and what it tells.
pub type Finding = Result<(Box<dyn Discovery>, mpsc::Receiver<DiscoveryEvent>), DiscoveryError>;

fn by_mdns(announcement: Announcement, choice: InterfaceChoice) -> Finding {
    let (handle, events) = earshot_discovery::mdns::start(announcement, choice)?;
    Ok((Box::new(handle), events))
}

fn open_browser(loopback: Option<&Loopback>) -> Result<(), ErrorCode> {
    let url = loopback.ok_or(ErrorCode::Internal)?.url();
    crate::browser::open_in_browser(&url).map_err(|error| {
        tracing::warn!(kind = ?error.kind(), "the system's browser could not be started");
        ErrorCode::Internal
    })
}
