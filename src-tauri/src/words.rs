//! The few words of the shell itself, in every language of the UI.

use earshot_protocol::owner::Language;

/// One language's words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) open: &'static str,
    pub(crate) available: &'static str,
    pub(crate) away: &'static str,
    pub(crate) busy: &'static str,
    pub(crate) quit: &'static str,
    pub(crate) ask_capture: &'static str,
    pub(crate) ask_capture_more: &'static str,
    pub(crate) allow: &'static str,
    pub(crate) deny: &'static str,
}

const ENGLISH: Words = Words {
    open: "Open Earshot",
    available: "Available",
    away: "Away",
    busy: "Busy",
    quit: "Quit Earshot",
    ask_capture: "May Earshot use your camera and microphone?",
    ask_capture_more: "It uses them in calls and for your own preview. You can change this in the settings.",
    allow: "Allow",
    deny: "Don’t allow",
};

const CHINESE: Words = Words {
    open: "打开 Earshot",
    available: "在线",
    away: "离开",
    busy: "忙碌",
    quit: "退出 Earshot",
    ask_capture: "允许 Earshot 使用您的摄像头和麦克风吗？",
    ask_capture_more: "仅在通话和预览您自己的画面时使用，可随时在设置中更改。",
    allow: "允许",
    deny: "不允许",
};

/// The words for a choice of language.
pub(crate) fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Chinese => &CHINESE,
        Language::System if system_is_chinese() => &CHINESE,
        Language::System => &ENGLISH,
    }
}

fn system_is_chinese() -> bool {
    whoami::lang_prefs()
        .ok()
        .and_then(|preferences| preferences.message_langs().next())
        .is_some_and(|language| language.to_string().to_ascii_lowercase().starts_with("zh"))
}
