//! A hub between two people that lies about what they say to each other. Each attack works against a build that opens
//! every description, so it is a real one; against the product it ends the call, and both people are told.

use earshot_harness::attack::{Attack, Forging};
use earshot_tests_browser::attacks::{Build, Scene, wait_overheard};

#[test]
fn undefended() {
    let scene = Scene::open(Build::Undefended);
    let middle = scene.hub.page_in_the_middle();

    scene.attack(&Attack::Middle { forging: Forging::Strip });
    scene.ring();
    wait_overheard(&middle, &scene);
    scene.talk_and_leave();
    scene.told();

    scene.attack(&Attack::SwapFingerprints);
    scene.ring();
    earshot_harness::wait_until("the attacker's fingerprint in use", earshot_tests_browser::SOON, || {
        scene.ann.remote_descriptions().iter().any(|sdp| sdp.contains("sha-256 E5:E2:")).then_some(())
    });
    scene.told();
    scene.end();
}
