//! The page in a real browser, by `page.mjs`, which says where it is and waits where the stack has to change first.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with the page in it.
pub(crate) struct Page {
    script: Child,
    words: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Page {
    pub(crate) fn open(url: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tool = root.join("node_modules/playwright-core");
        assert!(tool.is_dir(), "{} is missing: `npm ci` in devnet/ fetches it, and ./test does", tool.display());
        let mut command = Command::new("node");
        command.arg(root.join("tests/up/page.mjs")).arg(url).arg(env!("CARGO_TARGET_TMPDIR"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut script = command.spawn().expect("node 20 or newer is needed to drive the browser");
        let (words, stdout) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        Self { script, words, lines: BufReader::new(stdout).lines() }
    }

    /// Waits until the script says that it is this far.
    pub(crate) async fn until(&mut self, word: &str) {
        tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                println!("page: {line}");
                if line == word {
                    return;
                }
            }
            panic!("the page is not as it should be; the script ended before it said `{word}`");
        })
        .await
        .unwrap_or_else(|_| panic!("the script did not say `{word}` within 60 s"));
    }

    /// Tells the script that something has happened.
    pub(crate) async fn say(&mut self, word: &str) {
        self.words.write_all(format!("{word}\n").as_bytes()).await.unwrap();
    }

    pub(crate) async fn end(mut self) {
        drop(self.words);
        let status = tokio::time::timeout(PATIENCE, self.script.wait()).await.expect("the browser closes").unwrap();
        assert!(status.success(), "{status}");
    }
}
