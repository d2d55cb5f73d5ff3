//! Nobody but the person at the machine gets into the UI on it.

use earshot_harness::{Figure, Office};
use serde_json::json;

#[test]
fn foreign_pages_names_and_machines_are_kept_out() {
    let office = Office::open();
    let (ann, eve) = (office.host("ann"), office.host("eve"));
    let app = ann.earshot("Ann");
    let authority = app.ui_authority().to_owned();
    let http = ann.http(&authority);
    let path = app.ui.strip_prefix(&format!("http://{authority}")).unwrap();
    let origin = format!("http://{authority}");

    // Another machine cannot even connect.
    let port = authority.rsplit(':').next().unwrap();
    assert!(eve.try_connect(&format!("{}:{port}", ann.ip())).is_err());
    assert!(eve.try_connect(&format!("[{}]:{port}", ann.ipv6())).is_err());

    // Without the key there is nothing to see; a foreign Host or Origin does not even use the key up.
    assert_eq!(http.get("/", &[]).unwrap().status, 403);
    assert_eq!(http.get("/open?key=wrong", &[]).unwrap().status, 403);
    for foreign in ["evil.example", &format!("localhost:{port}"), &format!("evil.example:{port}")] {
        assert_eq!(http.get(path, &[("Host", foreign)]).unwrap().status, 403, "{foreign}");
    }
    for foreign in ["http://evil.example", "null", "http://127.0.0.1:1", &format!("http://localhost:{port}")]
    {
        assert_eq!(http.get(path, &[("Origin", foreign)]).unwrap().status, 403, "{foreign}");
    }
    assert_eq!(http.get(path, &[("Sec-Fetch-Site", "cross-site")]).unwrap().status, 403);

    // The key opens once.
    let opened = http.get(path, &[]).unwrap();
    assert_eq!(opened.status, 303);
    let key = opened.header("location").and_then(|place| place.strip_prefix("/#")).unwrap().to_owned();
    let protocols = format!("earshot.v1, key.{key}");
    let cookie = opened.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(http.get(path, &[]).unwrap().status, 403, "used");
    let page = http.get("/", &[("Cookie", cookie)]).unwrap();
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(!policy.contains("unsafe"), "{policy}");

    // With the cookie, but from a foreign page: neither pages nor the WebSocket.
    let socket = [
        ("Cookie", cookie),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Protocol", protocols.as_str()),
    ];
    let with = |extra: (&'static str, &str)| {
        let mut headers: Vec<(&str, &str)> = socket.to_vec();
        headers.push(extra);
        http.get("/ui/ws", &headers).unwrap().status
    };
    assert_eq!(with(("Origin", "http://evil.example")), 403);
    assert_eq!(with(("Host", "evil.example")), 403);
    assert_eq!(with(("Origin", &origin)), 101);
    let without: Vec<(&str, &str)> =
        socket[1..].iter().copied().chain([("Origin", origin.as_str())]).collect();
    assert_eq!(http.get("/ui/ws", &without).unwrap().status, 403, "no cookie");
    let bare: Vec<(&str, &str)> = socket[..5]
        .iter()
        .copied()
        .chain([("Sec-WebSocket-Protocol", "earshot.v1"), ("Origin", origin.as_str())])
        .collect();
    assert_eq!(http.get("/ui/ws", &bare).unwrap().status, 403, "a cookie without the page's key");
    assert_eq!(http.get("/", &[("Cookie", "earshot=x"), ("Origin", &origin)]).unwrap().status, 403);
}

/// A page of another origin in the very browser that is logged in: the cookie is sent along, since a port does not make
/// another site, and only the check of the origin keeps it out.
#[test]
fn a_foreign_page_in_the_same_browser_is_kept_out() {
    let office = Office::open();
    let ann = office.host("ann");
    let app = ann.earshot("Ann");
    let evil = format!("http://127.0.0.1:{}/", ann.serve_page("<!doctype html><title>Evil</title>"));

    let page = ann.chromium(Figure::Red).start();
    page.open(&app.ui);
    page.find("button", earshot_harness::has("You: Ann,"));
    let socket = "return await new Promise((resolve) => {
        const socket = new WebSocket(`ws://${arguments[0]}/ui/ws`, ['earshot.v1', `key.${arguments[1]}`]);
        socket.onmessage = (event) => resolve('message');
        socket.onerror = () => resolve('refused');
    });";
    // Even with the page's key, which it cannot read.
    let key = page.script("return localStorage.getItem('earshot-page-key')", json!([]));
    let authority = json!([app.ui_authority(), key]);
    assert_eq!(page.script(socket, authority.clone()), "message", "our own page gets in");

    page.open(&evil);
    assert_eq!(page.script(socket, authority.clone()), "refused");
    let fetched = page.script(
        "try { return (await fetch(`http://${arguments[0]}/surface.json`, { credentials: 'include' })).status; }
         catch (error) { return 'refused'; }",
        authority.clone(),
    );
    assert_eq!(fetched, "refused");
    let framed = page.script(
        "const frame = document.createElement('iframe');
         frame.src = `http://${arguments[0]}/`;
         document.body.append(frame);
         await new Promise((resolve) => { frame.onload = resolve; setTimeout(resolve, 5000); });
         try { return frame.contentDocument === null ? 'opaque' : frame.contentDocument.body.innerText; }
         catch (error) { return 'opaque'; }",
        authority,
    );
    assert_eq!(framed, "opaque");
}
