//! Two people who know each other through a signaling server only, and that server is hostile.

use earshot_harness::attack::{Attack, Told};
use earshot_harness::{AttackingHub, Certificates, Figure, Network, Office, Page};
use serde_json::json;

use crate::{CONNECTING, SOON, Seat};

/// Which program the people run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// The real one.
    Product,
    /// The real one, but that it opens every description whatever its seal.
    Undefended,
}

/// Ann, Bob and the hub between them.
pub struct Scene {
    /// Where they are. Unicast is routed, so that media could flow; multicast is not, so that they meet at the hub only.
    pub office: Office,
    /// On the main network, as the hub.
    pub ann: Seat,
    /// On the other one.
    pub bob: Seat,
    /// The hub.
    pub hub: AttackingHub,
    /// What the hub proves its address with, as every server.
    pub certificates: Certificates,
    build: Build,
}

impl Scene {
    /// Everybody is there and lists the other.
    #[must_use]
    #[track_caller]
    pub fn open(build: Build) -> Self {
        let office = Office::open();
        office.router(true);
        let host = office.host("attacker");
        let certificates = Certificates::make(office.dir(), &[host.ip()]);
        let hub = host.attacking_hub(&certificates);
        let take = |name, figure, network| take(&office, name, figure, network, build, &hub, &certificates);
        let ann = take("Ann", Figure::Red, Network::Main);
        let bob = take("Bob", Figure::Blue, Network::Annex);
        ann.wait_listed("Bob", "Available", SOON);
        Self { ann, bob, hub, certificates, build, office }
    }

    /// Somebody else at the hub.
    #[must_use]
    #[track_caller]
    pub fn take(&self, name: &str, figure: Figure, network: Network) -> Seat {
        take(&self.office, name, figure, network, self.build, &self.hub, &self.certificates)
    }

    /// From now on the hub does this; says so.
    #[track_caller]
    pub fn attack(&self, attack: &Attack) {
        eprintln!("-- {:?}: {attack:?}", self.build);
        self.hub.attack(attack);
    }

    /// Ann calls Bob with video, and he accepts.
    #[track_caller]
    pub fn ring(&self) {
        self.ann.call("Bob", "Video");
        self.bob.accept("Ann", "video");
    }

    /// Prints and returns what the hub did.
    #[track_caller]
    pub fn told(&self) -> Told {
        let told = self.hub.told();
        eprintln!("   the hub: {}; heard: {}", told.lies.join(", "), told.descriptions.join(", "));
        told
    }

    /// Both see and hear each other; then Ann leaves.
    #[track_caller]
    pub fn talk_and_leave(&self) {
        self.ann.wait_sees_and_hears(&self.bob);
        self.bob.wait_sees_and_hears(&self.ann);
        self.end();
    }

    /// Ends the call, if it has not ended yet, and closes what is shown of it.
    #[track_caller]
    pub fn end(&self) {
        for seat in [&self.ann, &self.bob] {
            seat.end();
        }
        for seat in [&self.ann, &self.bob] {
            seat.wait_capture_ended();
            seat.end();
        }
    }
}

#[track_caller]
fn take(
    office: &Office,
    name: &str,
    figure: Figure,
    network: Network,
    build: Build,
    hub: &AttackingHub,
    certificates: &Certificates,
) -> Seat {
    let host = office.host_on(&name.to_ascii_lowercase(), &[network]);
    let dir = host.fresh_data_dir();
    let launch = match build {
        Build::Product => host.install(&dir),
        Build::Undefended => host.undefended(&dir),
    };
    let args = ["--name", name, "--signaling", &hub.url];
    let app = launch.args(&args).env("SSL_CERT_FILE", &certificates.authority).start();
    Seat::open(name, figure, host, app, |chromium| chromium)
}

impl Seat {
    /// Leaves the call if there is one, and closes what is shown after it.
    #[track_caller]
    pub fn end(&self) {
        for button in ["Leave call", "Close"] {
            if self.page.shows("button", button) {
                self.page.click("button", button);
            }
        }
    }

    /// No media of any kind has come here in any of the page's connections, and none was ever connected.
    #[track_caller]
    pub fn assert_nothing_came(&self) {
        assert_nothing_came(&self.page, &self.name);
    }

    /// The SDPs that `setRemoteDescription` was given in this page, whatever became of the connection.
    #[must_use]
    #[track_caller]
    pub fn remote_descriptions(&self) -> Vec<String> {
        let found = self.page.script("return window.__earshotTest.remotes;", json!([]));
        found.as_array().into_iter().flatten().filter_map(|sdp| sdp.as_str().map(str::to_owned)).collect()
    }
}

/// See [`Seat::assert_nothing_came`].
#[track_caller]
pub fn assert_nothing_came(page: &Page, who: &str) {
    let came = page.stats();
    let states = page.script("return window.__earshotTest.states;", json!([])).to_string();
    eprintln!("   {who} received {came}; states {states}");
    for sum in ["framesDecoded", "videoPackets", "audioPackets"] {
        assert_eq!(came[sum], 0, "{who}: {came}");
    }
    assert!(!states.contains("\"connected\""), "{who}: {states}");
}

/// The page in the middle shows the pictures of both, and hears what they say on their data channels.
#[track_caller]
pub fn wait_overheard(page: &Page, scene: &Scene) {
    for seat in [&scene.ann, &scene.bob] {
        page.wait_picture(seat.figure, CONNECTING);
    }
    let overheard = page.script("return window.overheard.length;", json!([]));
    eprintln!("   the page in the middle shows {:?} and heard {overheard} messages", page.colours());
}
