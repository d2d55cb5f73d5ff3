//! The office's phrase, while the node runs: set, changed, taken away.

use std::sync::Arc;

use earshot_identity::PhraseKey;
use earshot_protocol::{ErrorCode, FromNode, OwnerReply, RequestId};
use zeroize::Zeroizing;

use super::{Core, Input};

/// A key is being made from a phrase; this window waits for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deriving {
    window: u64,
    id: RequestId,
}

impl Core {
    /// Sets the office's phrase, or takes it away. The window is answered when that is done: making the key takes a part of a
    /// second. One phrase at a time; whoever asks meanwhile is refused with [`ErrorCode::TooManyRequests`].
    pub(super) fn set_phrase(&mut self, window: u64, id: RequestId, phrase: Option<String>) {
        let phrase = phrase.map(Zeroizing::new);
        if self.deriving.is_some() {
            self.answer_owner(window, id, Err(ErrorCode::TooManyRequests));
            return;
        }
        let Some(phrase) = phrase else {
            let forgotten = crate::phrase::forget(&self.folder);
            if forgotten.is_ok() {
                self.use_phrase(None);
            }
            self.answer_owner(window, id, forgotten);
            return;
        };
        self.deriving = Some(Deriving { window, id });
        let (folder, inbox) = (self.folder.clone(), self.inbox.clone());
        tokio::spawn(async move {
            let kept = tokio::task::spawn_blocking(move || crate::phrase::keep(&folder, &phrase)).await;
            // An error means that the task panicked.
            let kept = kept.unwrap_or(Err(ErrorCode::Internal));
            // The node may have ended meanwhile; the phrase then holds from the next start on.
            let _ = inbox.send(Input::PhraseKept(kept)).await;
        });
    }

    /// The key was made and kept, or was not.
    pub(super) fn phrase_kept(&mut self, kept: Result<Arc<PhraseKey>, ErrorCode>) {
        let result = kept.map(|key| self.use_phrase(Some(key)));
        if let Some(Deriving { window, id }) = self.deriving.take() {
            self.answer_owner(window, id, result);
        }
    }

    /// From now on only those are found and let in who know this phrase, or, without one, those who have none.
    fn use_phrase(&mut self, phrase: super::Phrase) {
        let has_phrase = phrase.is_some();
        // The hub's door sees it at once: whoever is in has to come anew.
        self.phrase.send_replace(phrase);
        self.close_all_links();
        self.introductions.clear();
        let events = self.people.phrase_changed(has_phrase);
        self.tell_people(events);
        // Another record, also where only the phrase is another one: so that others ask again.
        self.said_record = None;
        self.announce();
        for device in self.people.on_lan() {
            self.heard_record(device);
        }
        self.tell_state();
    }

    /// The owner has read the notes of the start.
    pub(super) fn dismiss_notes(&mut self) -> Result<(), ErrorCode> {
        crate::notes::dismiss(&self.folder, &self.notes)?;
        self.notes.clear();
        self.tell_state();
        Ok(())
    }

    fn answer_owner(&mut self, window: u64, id: RequestId, result: Result<(), ErrorCode>) {
        let answer = match result {
            Ok(()) => FromNode::OwnerOk { id, reply: OwnerReply::Done },
            Err(code) => FromNode::OwnerError { id, code },
        };
        // A window that has closed is told nothing.
        self.windows.tell(window, answer);
    }
}
