//! A file goes from one page to the other's disk, whatever happens to the line in between.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use earshot_harness::{Figure, Host, Office, Page, has, wait_until};
use earshot_tests_browser::files::{MIB, choose, part, received, sha256, write_file};
use earshot_tests_browser::{Person, SOON, Seat, video_call};
use serde_json::json;

/// Gives the page a file of this name, dropped or pasted; what it holds says its name.
const GIVE: &str = "const [type, name] = arguments; const data = new DataTransfer();\
    data.items.add(new File(['hello ' + name], name));\
    const init = { bubbles: true, cancelable: true };\
    const main = document.querySelector('main');\
    const fire = (event) => main.dispatchEvent(event);\
    if (type === 'paste') return fire(new ClipboardEvent('paste', { ...init, clipboardData: data }));\
    fire(new DragEvent('dragover', { ...init, dataTransfer: data }));\
    await new Promise((done) => setTimeout(done, 300));\
    const shown = main.innerText;\
    fire(new DragEvent('drop', { ...init, dataTransfer: data }));\
    return shown;";

/// Opens the panel and chooses a file.
fn send(page: &Page, path: &Path) {
    page.click("button", "Files");
    choose(page, path);
}

fn wait_part(person: &Person, bytes: u64) -> u64 {
    wait_until(&format!("{bytes} bytes at {}", person.name), Duration::from_secs(240), || {
        part(person).filter(|there| *there >= bytes)
    })
}

fn same(ann: &Person, bob: &Person, sent: &Path, kept: &str) {
    assert_eq!(sha256(&ann.host, sent), sha256(&bob.host, &received(bob).join(kept)));
    assert_eq!(part(bob), None, "no part stays");
}

/// Memory of a browser and all of its processes, in bytes.
fn memory(host: &Host) -> u64 {
    let home = host.dir().to_string_lossy().into_owned();
    let read = |pid: u32, what: &str| fs::read_to_string(format!("/proc/{pid}/{what}")).unwrap_or_default();
    let all: Vec<u32> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    let parent = |pid: u32| -> Option<u32> {
        read(pid, "stat").rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let mut ours: Vec<u32> = all
        .iter()
        .copied()
        .filter(|pid| {
            let line = read(*pid, "cmdline");
            line.contains(&home) && line.contains("--user-data-dir") && !line.contains("--type=")
        })
        .collect();
    loop {
        let more: Vec<u32> = all
            .iter()
            .copied()
            .filter(|pid| !ours.contains(pid) && parent(*pid).is_some_and(|parent| ours.contains(&parent)))
            .collect();
        if more.is_empty() {
            break;
        }
        ours.extend(more);
    }
    // Its own pages, so that those shared by its processes are not counted for each.
    let own = |pid: &u32| -> u64 {
        let text = read(*pid, "smaps_rollup");
        let line = text.lines().find(|line| line.starts_with("Pss:"));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) * 1024
    };
    ours.iter().map(own).sum()
}

fn resident(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// The cable is pulled in the middle; then both leave, and the file goes on in their next call.
#[test]
fn a_file_gets_there_though_the_line_breaks() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let file = ann.host.dir().join("plan of the house.bin");
    write_file(&file, 32);
    video_call(&ann, &bob);
    // So that there is a middle.
    ann.host.rate(30_000);

    send(&ann.page, &file);
    bob.page.wait_for("group", has("Ann wants to send you"), SOON);
    assert!(!received(&bob).exists(), "nothing is written before it is accepted");
    bob.page.click("button", "Accept plan of the house.bin");
    wait_part(&bob, 4 * MIB);
    bob.host.unplug();
    std::thread::sleep(Duration::from_secs(4));
    let before = part(&bob).expect("a part");
    bob.host.plug();
    let there = wait_part(&bob, before + 4 * MIB);
    assert!(there < 28 * MIB, "it is still on its way: {there}");

    bob.leave();
    ann.page.wait_text("You talked with Bob for", SOON);
    std::thread::sleep(Duration::from_secs(1));
    let before = part(&bob).expect("what there is stays");
    assert!(before >= there && before < 32 * MIB, "{before}");
    let start = Instant::now();
    ann.page.click("button", "Close");
    bob.page.click("button", "Close");
    video_call(&ann, &bob);
    let mut least = u64::MAX;
    wait_until("the file to be whole", Duration::from_secs(120), || {
        least = least.min(part(&bob).unwrap_or(u64::MAX));
        received(&bob).join("plan of the house.bin").exists().then_some(())
    });
    assert!(least >= before, "it went on where it was: {least} of {before}");
    eprintln!(
        "went on at {before} bytes, whole {} ms after the second call began",
        start.elapsed().as_millis()
    );
    bob.page.click("button", "Files");
    bob.page.wait_text("Received, 33.6 MB", SOON);
    bob.page.find("button", "Show in folder");
    same(&ann, &bob, &file, "plan of the house.bin");
}

/// What is declined, and what is stopped, leaves nothing behind.
#[test]
fn a_file_is_declined_and_another_stopped() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let file = ann.host.dir().join("a.bin");
    write_file(&file, 32);
    video_call(&ann, &bob);
    ann.host.rate(30_000);
    send(&ann.page, &file);
    bob.page.wait_for("button", "Decline a.bin", SOON);
    bob.page.click("button", "Decline a.bin");
    ann.page.wait_text("Bob declined it", SOON);
    assert!(!received(&bob).exists());

    ann.page.press("\u{e00c}");
    send(&ann.page, &file);
    bob.page.wait_for("button", "Accept a.bin", SOON);
    bob.page.click("button", "Accept a.bin");
    wait_part(&bob, 2 * MIB);
    bob.page.click("button", "Files");
    bob.page.click("button", "Stop a.bin");
    ann.page.wait_text("Stopped", SOON);
    wait_until("nothing to be left", SOON, || {
        let left = fs::read_dir(received(&bob)).map_or(0, Iterator::count);
        (left == 0).then_some(())
    });
    ann.wait_sees_and_hears(&bob);
}

/// Dropped on the call, pasted into it: each of several people is asked, and each answers.
#[test]
fn files_are_dropped_and_pasted_and_everyone_is_asked() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let cat = Seat::take(&office, "Cat", Figure::Green);
    video_call(&ann, &bob);
    ann.page.click("button", "Add people");
    ann.page.click("button", "Ring Cat");
    cat.accept("Ann", "video");
    ann.page.wait_picture(cat.figure, earshot_tests_browser::CONNECTING);
    let shown = ann.page.script(GIVE, json!(["drop", "dropped.txt"]));
    assert!(shown.as_str().is_some_and(|shown| shown.contains("Drop to send to everyone")), "{shown}");
    ann.page.script(GIVE, json!(["paste", "pasted.txt"]));
    for seat in [&bob, &cat] {
        for name in ["dropped.txt", "pasted.txt"] {
            seat.page.wait_for("button", format!("Accept {name}"), SOON);
        }
    }
    bob.page.click("button", "Accept dropped.txt");
    cat.page.click("button", "Accept pasted.txt");
    cat.page.click("button", "Decline dropped.txt");
    let read = |person: &Person, name: &str| fs::read_to_string(received(person).join(name)).ok();
    wait_until("both to be there", SOON, || read(&bob, "dropped.txt").and(read(&cat, "pasted.txt")));
    assert_eq!(read(&bob, "dropped.txt").as_deref(), Some("hello dropped.txt"));
    assert_eq!(read(&cat, "dropped.txt"), None);
    assert_eq!(read(&bob, "pasted.txt"), None);
}

/// Whatever a file is called, it lands in the folder, under a name of one's own.
#[test]
fn a_hostile_name_leads_nowhere() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    let home = || fs::read_dir(bob.host.dir()).map_or(0, Iterator::count);
    let names =
        ["../../evil.sh", "..\\..\\evil.sh", ".bashrc", "CON", "photo\u{202e}gpj.exe", "..", "a\u{0}b"];
    // What a person has already is not touched.
    fs::create_dir_all(received(&bob)).expect("the host's directory is writable");
    fs::write(received(&bob).join("_CON"), "mine").expect("the host's directory is writable");
    let before = home();
    for name in names {
        ann.page.script(GIVE, json!(["drop", name]));
        let accept = bob.page.wait_for("button", has("Accept "), SOON);
        let label = bob.page.attribute(&accept, "aria-label").unwrap_or_default();
        assert!(!label.contains(['/', '\\', '\u{202e}']), "{label:?}");
        let count = fs::read_dir(received(&bob)).map_or(0, Iterator::count);
        bob.page.click("button", label.as_str());
        wait_until(&format!("{name:?}"), SOON, || {
            let entries = fs::read_dir(received(&bob)).ok()?;
            let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
            let names: Vec<String> = names.collect();
            (names.len() > count && names.iter().all(|name| !name.starts_with('.'))).then_some(())
        });
    }
    assert_eq!(home(), before, "nothing beside the folder");
    let kept: Vec<String> = fs::read_dir(received(&bob))
        .expect("it is there")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(kept.len(), names.len() + 1, "{kept:?}");
    assert!(kept.contains(&"_CON (2)".to_owned()) && kept.contains(&"photogpj.exe".to_owned()), "{kept:?}");
    assert_eq!(fs::read_to_string(received(&bob).join("_CON")).ok().as_deref(), Some("mine"));
}

/// `EARSHOT_FILE_MIB=1024`: its size; says how fast it went, beside a plain TLS stream, and how much memory both took.
#[test]
fn a_large_file_takes_little_memory() {
    let mib = std::env::var("EARSHOT_FILE_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(96);
    let office = Office::open_for(Duration::from_secs(900));
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let mut bob = Seat::take(&office, "Bob", Figure::Blue);
    let file = ann.host.dir().join("large.bin");
    write_file(&file, mib);
    video_call(&ann, &bob);
    // A line with nothing but the file on it.
    for seat in [&*ann, &*bob] {
        seat.page.click("button", "Turn camera off");
    }
    std::thread::sleep(Duration::from_secs(5));
    let looks = |bob_app: u32| [memory(&ann.host), memory(&bob.person.host), resident(bob_app)];
    let app = bob.app.process.pid();
    let before = looks(app);
    let mut most = before;

    send(&ann.page, &file);
    bob.person.page.wait_for("button", "Accept large.bin", SOON);
    let start = Instant::now();
    bob.person.page.click("button", "Accept large.bin");
    let kept = received(&bob.person).join("large.bin");
    let mut cut = mib >= 512;
    let mut pause = Duration::ZERO;
    wait_until("the file to be whole", Duration::from_secs(700), || {
        std::thread::sleep(Duration::from_millis(250));
        for (most, now) in most.iter_mut().zip(looks(app)) {
            *most = (*most).max(now);
        }
        if cut && part(&bob.person).is_some_and(|there| there > mib * MIB / 2) {
            // In the middle, for as long as the line takes to be missed.
            cut = false;
            let begin = Instant::now();
            bob.person.host.unplug();
            std::thread::sleep(Duration::from_secs(5));
            bob.person.host.plug();
            let there = part(&bob.person).unwrap_or(0);
            wait_part(&bob.person, (there + MIB).min(mib * MIB));
            pause = begin.elapsed();
        }
        kept.exists().then_some(())
    });
    let seconds = (start.elapsed() - pause).as_secs_f64();
    let rate = mib as f64 / seconds;
    for ((who, before), most) in ["Ann's browser", "Bob's browser", "Bob's app"].iter().zip(before).zip(most)
    {
        eprintln!("{who}: {} MiB before, {} MiB at most", before / MIB, most / MIB);
    }
    eprintln!(
        "{mib} MiB in {seconds:.1} s ({rate:.1} MiB/s), without a pause of {:.1} s",
        pause.as_secs_f64()
    );
    same(&ann, &bob.person, &file, "large.bin");
    for ((who, before), most) in
        [("Ann's browser", 160), ("Bob's browser", 160), ("Bob's app", 48)].iter().zip(before).zip(most)
    {
        let grown = most.saturating_sub(before) / MIB;
        assert!(grown < who.1, "{} took {grown} MiB more", who.0);
    }
}
