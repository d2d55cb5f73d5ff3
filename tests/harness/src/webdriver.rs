//! WebDriver (W3C WebDriver 2): what chromedriver and WebKitWebDriver have in common.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::driver::{Driver, WebDriverError};
use crate::host::Host;

/// The key that marks an element's reference in JSON (WebDriver 2, section 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long an element may take to appear.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at a page.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Finds what may have a role: [`Page::find`] then asks the engine for the computed role and name.
const CANDIDATES: &str = include_str!("candidates.js");
/// Remembers every peer connection a page makes, for [`Page::stats`] only: the product exposes none.
pub(crate) const REMEMBER: &str = include_str!("remember.js");

/// What an element shall be called.
#[derive(Debug, Clone)]
pub enum Name {
    /// Exactly this.
    Is(String),
    /// With this in it.
    Has(String),
}

impl Name {
    fn fits(&self, name: &str) -> bool {
        match self {
            Self::Is(text) => name.trim() == text,
            Self::Has(text) => name.contains(text.as_str()),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Is(text) | Self::Has(text) => text,
        }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::Is(text.to_owned())
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::Is(text)
    }
}

/// A name with `text` in it.
#[must_use]
pub fn has(text: impl Into<String>) -> Name {
    Name::Has(text.into())
}

/// An element of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element(String);

/// One WebDriver session: a browser or a window with one page in view.
pub struct Page {
    host: Host,
    driver: Driver,
    /// What the driver said about the session.
    pub(crate) capabilities: Value,
}

impl Page {
    /// Starts a session at the driver listening on `target` on this host. Commands go to `driver`, which may be another.
    #[track_caller]
    pub(crate) fn start(host: &Host, target: &str, driver: &str, capabilities: &Value) -> Self {
        let (driver, capabilities) = Driver::start(host, target, driver, capabilities);
        Self::over(host, driver, capabilities)
    }

    /// The page in view of a session.
    #[track_caller]
    pub(crate) fn over(host: &Host, driver: Driver, capabilities: Value) -> Self {
        let page = Self { host: host.clone(), driver, capabilities };
        page.command("POST", "/timeouts", &json!({ "script": 30_000, "pageLoad": 30_000, "implicit": 0 }));
        page
    }

    /// The host it runs on.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// A command within the session; `path` begins after the session's id.
    ///
    /// # Errors
    /// What the driver refused.
    pub fn try_command(&self, method: &str, path: &str, body: &Value) -> Result<Value, WebDriverError> {
        self.driver.command(method, path, body)
    }

    /// See [`Page::try_command`].
    #[track_caller]
    pub fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        match self.try_command(method, path, body) {
            Ok(value) => value,
            Err(error) => panic!("{method} {path} on {}: {error}", self.host.name()),
        }
    }

    /// Goes to a page and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.command("POST", "/url", &json!({ "url": url }));
    }

    /// Where it is.
    #[must_use]
    #[track_caller]
    pub fn url(&self) -> String {
        self.command("GET", "/url", &Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// Runs the body of a JavaScript function on `args` (`arguments`) and returns what it returns; a promise is awaited.
    ///
    /// # Errors
    /// It threw, or took over 30 s.
    pub fn try_script(&self, body: &str, args: &Value) -> Result<Value, WebDriverError> {
        let args = if args.is_array() { args.clone() } else { json!([args]) };
        // Not execute/sync: not every driver awaits a promise there.
        let script = format!(
            "const done = arguments[arguments.length - 1];\n\
             const given = Array.prototype.slice.call(arguments, 0, -1);\n\
             (async function () {{ {body} }}).apply(null, given).then(\n\
               (value) => done({{ value: value === undefined ? null : value }}),\n\
               (error) => done({{ thrown: error + '\\n' + (error && error.stack) }}));"
        );
        let mut result =
            self.try_command("POST", "/execute/async", &json!({ "script": script, "args": args }))?;
        match result["thrown"].as_str() {
            Some(thrown) => {
                Err(WebDriverError { code: "javascript error".to_owned(), message: thrown.to_owned() })
            }
            None => Ok(result["value"].take()),
        }
    }

    /// See [`Page::try_script`].
    #[track_caller]
    pub fn script(&self, body: &str, args: Value) -> Value {
        match self.try_script(body, &args) {
            Ok(value) => value,
            Err(error) => panic!("a script on {}: {error}", self.host.name()),
        }
    }

    /// Runs a script until `wanted` accepts its result, and returns that.
    #[track_caller]
    pub fn wait_script(
        &self,
        what: &str,
        patience: Duration,
        body: &str,
        args: Value,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Instant::now() + patience;
        loop {
            let value = self.try_script(body, &args);
            if let Ok(value) = &value
                && wanted(value)
            {
                return value.clone();
            }
            assert!(
                Instant::now() < deadline,
                "{}: waited {patience:?} in vain for {what}; last: {value:?}\n{}",
                self.host.name(),
                self.outline()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// The elements shown now that have this computed role and name.
    ///
    /// # Errors
    /// The page changed under the search, or the driver failed.
    pub fn try_find_all(&self, role: &str, name: &Name) -> Result<Vec<Element>, WebDriverError> {
        let exact = matches!(name, Name::Is(_));
        let candidates = self.try_script(CANDIDATES, &json!([role, name.text(), exact]))?;
        let mut found = Vec::new();
        for candidate in candidates.as_array().into_iter().flatten() {
            let Some(id) = candidate[ELEMENT].as_str() else { continue };
            let computed = self.try_command("GET", &format!("/element/{id}/computedrole"), &Value::Null)?;
            if computed.as_str() != Some(role) {
                continue;
            }
            let label = self.try_command("GET", &format!("/element/{id}/computedlabel"), &Value::Null)?;
            if name.fits(label.as_str().unwrap_or_default()) {
                found.push(Element(id.to_owned()));
            }
        }
        Ok(found)
    }

    /// Whether such an element is shown now.
    #[must_use]
    pub fn shows(&self, role: &str, name: impl Into<Name>) -> bool {
        self.try_find_all(role, &name.into()).is_ok_and(|found| !found.is_empty())
    }

    /// Waits up to 10 s for an element by its computed accessible role and name.
    #[track_caller]
    pub fn find(&self, role: &str, name: impl Into<Name>) -> Element {
        self.wait_for(role, name, PATIENCE)
    }

    /// Waits for an element by its computed accessible role and name.
    #[track_caller]
    pub fn wait_for(&self, role: &str, name: impl Into<Name>, patience: Duration) -> Element {
        let name = name.into();
        let deadline = Instant::now() + patience;
        loop {
            let found = self.try_find_all(role, &name);
            if let Ok(found) = &found
                && let Some(first) = found.first()
            {
                return first.clone();
            }
            assert!(
                Instant::now() < deadline,
                "{}: waited {patience:?} in vain for a {role} called {name:?} ({found:?})\n{}",
                self.host.name(),
                self.outline()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until no such element is shown.
    #[track_caller]
    pub fn wait_gone(&self, role: &str, name: impl Into<Name>, patience: Duration) {
        let name = name.into();
        let deadline = Instant::now() + patience;
        while !self.try_find_all(role, &name).is_ok_and(|found| found.is_empty()) {
            assert!(
                Instant::now() < deadline,
                "{}: the {role} called {name:?} did not go within {patience:?}\n{}",
                self.host.name(),
                self.outline()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Clicks the element with this role and name as soon as it is there and can be clicked, within 10 s.
    #[track_caller]
    pub fn click(&self, role: &str, name: impl Into<Name>) {
        let name = name.into();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let element =
                self.wait_for(role, name.clone(), deadline.saturating_duration_since(Instant::now()));
            match self.try_command("POST", &format!("/element/{}/click", element.0), &json!({})) {
                Ok(_) => return,
                // Still moving, still covered, or drawn anew: look again.
                Err(error) if Instant::now() < deadline => {
                    if !["element click intercepted", "stale element reference", "element not interactable"]
                        .contains(&error.code.as_str())
                    {
                        panic!("{}: clicking the {role} {name:?}: {error}", self.host.name());
                    }
                }
                Err(error) => panic!("{}: clicking the {role} {name:?}: {error}", self.host.name()),
            }
            // What hides from a pointer at rest comes back when it moves, as it does on its way to a button.
            self.move_pointer();
            self.point_at(&element);
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Moves the pointer to the middle of an element, as somebody does who looks for it there.
    fn point_at(&self, element: &Element) {
        let origin = json!({ ELEMENT: element.0 });
        let moves: Vec<Value> = [1, 0]
            .map(|x| json!({ "type": "pointerMove", "duration": 0, "origin": origin, "x": x, "y": 0 }))
            .into();
        // Not every driver moves pointers; then nothing that hides from one is looked for either.
        let _ = self.try_pointer(&moves);
    }

    /// Moves the pointer a little, somewhere in the middle of the page.
    pub fn move_pointer(&self) {
        let moves = [(300, 300), (310, 305)].map(
            |(x, y)| json!({ "type": "pointerMove", "duration": 0, "origin": "viewport", "x": x, "y": y }),
        );
        let _ = self.try_pointer(&moves);
    }

    /// Presses and lets go where the pointer rests.
    #[track_caller]
    pub fn press_pointer(&self) {
        let press = ["pointerDown", "pointerUp"].map(|kind| json!({ "type": kind, "button": 0 }));
        if let Err(error) = self.try_pointer(&press) {
            panic!("{}: pressing where the pointer rests: {error}", self.host.name());
        }
    }

    fn try_pointer(&self, actions: &[Value]) -> Result<Value, WebDriverError> {
        let body = json!({ "actions": [{ "type": "pointer", "id": "mouse", "actions": actions }] });
        self.try_command("POST", "/actions", &body)
    }

    /// Puts `text` in place of what the field with this role and name holds.
    #[track_caller]
    pub fn type_text(&self, role: &str, name: impl Into<Name>, text: &str) {
        let element = self.find(role, name);
        self.command("POST", &format!("/element/{}/clear", element.0), &json!({}));
        self.command("POST", &format!("/element/{}/value", element.0), &json!({ "text": text }));
    }

    /// Presses a key, or types a text, wherever the focus is. Keys without a character are those of WebDriver 2, section
    /// 17.4.2: Enter is U+E007, Escape U+E00C, Tab U+E004.
    #[track_caller]
    pub fn press(&self, text: &str) {
        let actions: Vec<Value> = text
            .chars()
            .flat_map(|key| {
                [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
            })
            .collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.command("POST", "/actions", &body);
    }

    /// An attribute or property of an element, as text; none if it has none.
    #[track_caller]
    pub fn attribute(&self, element: &Element, name: &str) -> Option<String> {
        let value = self.command("GET", &format!("/element/{}/attribute/{name}", element.0), &Value::Null);
        value.as_str().map(str::to_owned)
    }

    /// The text of an element as shown.
    #[must_use]
    #[track_caller]
    pub fn text_of(&self, element: &Element) -> String {
        let value = self.command("GET", &format!("/element/{}/text", element.0), &Value::Null);
        value.as_str().unwrap_or_default().to_owned()
    }

    /// All text of the page as shown.
    #[must_use]
    pub fn text(&self) -> String {
        let text = self.try_script("return document.body.innerText;", &json!([]));
        text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Waits until the page shows this text anywhere.
    #[track_caller]
    pub fn wait_text(&self, text: &str, patience: Duration) {
        let deadline = Instant::now() + patience;
        while !self.text().contains(text) {
            assert!(
                Instant::now() < deadline,
                "{}: waited {patience:?} in vain for the text {text:?}\n{}",
                self.host.name(),
                self.outline()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Writes a picture of the page as PNG.
    #[track_caller]
    pub fn screenshot(&self, path: &Path) {
        let value = self.command("GET", "/screenshot", &Value::Null);
        let bytes = base64(value.as_str().unwrap_or_default());
        std::fs::write(path, bytes).expect("the picture can be written");
    }

    /// Reloads the page.
    #[track_caller]
    pub fn reload(&self) {
        self.command("POST", "/refresh", &json!({}));
    }

    /// Ends the session, and with it the browser or window.
    #[track_caller]
    pub fn quit(self) {
        self.command("DELETE", "", &Value::Null);
    }

    /// What the page shows, for messages of failures.
    #[must_use]
    pub fn outline(&self) -> String {
        let outline = self.try_script(
            "return location.href.replace(/key=[^&]*/, 'key=…') + '\\n' + [...document.querySelectorAll(\
             'button,a[href],input,select,textarea,[role],h1,h2,h3,video,dialog')]\
             .filter((e) => e.checkVisibility()).slice(0, 80).map((e) => `  <${e.localName} ${e.getAttribute('role') || ''} \
             ${e.getAttribute('aria-label') || ''}> ${(e.innerText || '').replace(/\\s+/g, ' ').slice(0, 80)}`).join('\\n');",
            &json!([]),
        );
        match outline {
            Ok(text) => format!("the page: {}", text.as_str().unwrap_or_default()),
            Err(error) => format!("the page cannot be read: {error}"),
        }
    }
}

impl Drop for Page {
    /// A failed test tells what everybody saw, not only who waited in vain.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("at the end {} saw\n{}", self.host.name(), self.outline());
        }
    }
}

/// Decodes base64 (RFC 4648, section 4) and skips what is not of its alphabet.
fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u8);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap_or_default());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_decoded() {
        assert_eq!(super::base64("RWFyc2hvdA=="), b"Earshot");
        assert_eq!(super::base64("/+8A"), [0xff, 0xef, 0x00]);
    }
}
