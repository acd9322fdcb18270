//! What somebody typed, and what was printed: histories of shells and other programs.

/// Names at any depth, files or directories. Those with a slash are the last parts of a path.
pub(super) const NAMES: [&[u8]; 40] = [
    b".history",
    b".histfile",
    b".zhistory",
    b".lhistory",
    b".zsh_sessions",
    b".bash_sessions",
    b".Rhistory",
    b".Rapp.history",
    b".hivehistory",
    b".dbshell",
    b".erlang-hist",
    b".jshell_history",
    b".netrwhist",
    b".viminfo",
    b"_viminfo",
    b".vim/viminfo",
    b"vim/viminfo",
    b".lesshst",
    b"lesshst",
    b".wget-hsts",
    b".mysql_history",
    b"fish_history",
    b"mongosh_repl_history",
    b"cqlsh_history",
    b"ConsoleHost_history.txt",
    b"history.sqlite",
    b"xonsh-history.sqlite",
    b"xonsh/history_json",
    b".xonsh_history",
    b"zsh/history",
    b"bash/history",
    b".local/share/atuin",
    b"erlang-history",
    b".julia/logs",
    b"nvim/shada",
    b".emacs.d/recentf",
    b".config/google-chrome",
    b".config/chromium",
    b".recently-used",
    b".local/share/recently-used.xbel",
];

/// Endings of files of histories.
const ENDINGS: [&[u8]; 10] = [
    b"-journal",
    b"-wal",
    b"-shm",
    b".db",
    b".sqlite",
    b".sqlite3",
    b".txt",
    b".json",
    b".jsonl",
    b".jl",
];
/// How far below a hidden directory programs have theirs: `.local/share/nano/search_history`.
const DEPTH: usize = 3;

/// Is a file one by its name?
pub(super) fn is_history(path: &[u8], name: &[u8]) -> bool {
    is_hidden_history(name) || ends_with_history(name) && is_in_hidden(path)
}

/// `.bash_history`, `.psql_history.1`, `.irb-history`, `.viminfo.tmp`
fn is_hidden_history(name: &[u8]) -> bool {
    let Some(name) = name.strip_prefix(b".") else {
        return false;
    };
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let stem = &name[..name.len() - digits.count()];
    // Programs write a new one beside it, with their number: `.bash_history-01234.tmp`
    let stem = stem.strip_suffix(b".tmp").unwrap_or(stem);
    let stem = stem
        .strip_suffix(b".")
        .or(stem.strip_suffix(b"-"))
        .unwrap_or(stem);
    let ends = |part: &[u8]| stem.ends_with(part);
    ends(b"_history")
        || ends(b"-history")
        || ends(b"_hist")
        || name.starts_with(b"viminfo")
        || memchr::memmem::find(name, b"_history-").is_some()
}

/// `history`, `ghci_history`, `history.sqlite3-wal`, `groovysh.history`
fn ends_with_history(name: &[u8]) -> bool {
    let mut stem = name;
    while let Some(shorter) = ENDINGS.iter().find_map(|ending| stem.strip_suffix(*ending)) {
        stem = shorter;
    }
    let before = stem.strip_suffix(b"history");
    before.is_some_and(|before| matches!(before.last(), None | Some(b'_' | b'-' | b'.')))
}

/// Is it in a program's hidden directory, which is none of sources that have such names too?
fn is_in_hidden(path: &[u8]) -> bool {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let hidden = parts.iter().rposition(|part| part.starts_with(b"."));
    let sources: [&[u8]; 4] = [b".git", b".svn", b".hg", b".cargo"];
    hidden.is_some_and(|at| {
        let depth = parts.len() - 1 - at;
        (1..=DEPTH).contains(&depth) && !sources.contains(&parts[at])
    })
}
