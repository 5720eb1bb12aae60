//! amtool, whose every command must print the same of either and end the same way.

use std::process::Command;

use super::Both;

/// The length of a UUID.
const UUID_LENGTH: usize = 36;

impl Both {
    /// What amtool prints and how it ends, at Alertmanager and at Nabat.
    fn amtool(&self, arguments: &[&str]) -> [String; 2] {
        self.amtool_each(&[arguments, arguments])
    }

    /// The same with arguments of their own, such as ids.
    fn amtool_each(&self, arguments: &[&[&str]; 2]) -> [String; 2] {
        let mut said = [String::new(), String::new()];
        for ((url, arguments), said) in self.urls("").iter().zip(arguments).zip(&mut said) {
            let mut command = Command::new("amtool");
            command.arg(format!("--alertmanager.url={url}"));
            command.args(*arguments).current_dir(self.folder.path());
            let output = command.output().expect("amtool comes with Alertmanager");
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (out, err) = (text(&output.stdout), text(&output.stderr));
            *said = format!("{out}{err}ended with {:?}", output.status.code());
        }
        said
    }

    fn same(&self, arguments: &[&str]) {
        let [alertmanagers, nabats] = self.amtool(arguments).map(|said| comparable(&said));
        assert_eq!(nabats, alertmanagers, "amtool {}", arguments.join(" "));
    }

    fn all_same(&self, commands: &[&str]) {
        for command in commands {
            self.same(&command.split(' ').collect::<Vec<_>>());
        }
    }

    /// The same command with the ids of the silence about `alertname`.
    fn same_of_silence(&self, alertname: &str, arguments: &[&str]) {
        let filter = format!("alertname={alertname}");
        let ids = self.amtool(&["silence", "query", "-q", &filter]);
        let [alertmanagers, nabats] = ids.each_ref().map(|said| {
            let id = said.lines().next().unwrap_or_default();
            assert_eq!(id.len(), UUID_LENGTH, "{said}");
            [arguments, &[id]].concat()
        });
        let said = self.amtool_each(&[&alertmanagers, &nabats]);
        let [alertmanagers, nabats] = said.map(|said| comparable(&said));
        assert_eq!(nabats, alertmanagers, "amtool {}", arguments.join(" "));
    }
}

/// Without what differs between two programs or from moment to moment: ids, ports and times.
fn comparable(said: &str) -> String {
    let is_id = |word: &str| {
        word.len() == UUID_LENGTH && word.bytes().filter(|byte| *byte == b'-').count() == 4
    };
    let is_moment = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        digits >= 6 && word.contains([':', '-'])
    };
    let of_words = |c: char| !(c.is_ascii_alphanumeric() || "-:.".contains(c));
    let words = said.split_inclusive(of_words).map(|piece| {
        let word = piece.trim_end_matches(of_words);
        let rest = &piece[word.len()..];
        match word {
            word if is_id(word) => format!("ID{rest}"),
            word if is_moment(word) => format!("WHEN{rest}"),
            word => format!("{word}{rest}"),
        }
    });
    words.collect()
}

#[tokio::test]
async fn amtool_adds_and_shows_alerts_as_with_alertmanager() {
    let both = Both::start().await;
    both.same(&[
        "alert",
        "add",
        "DiskFull",
        "team=db",
        "severity=critical",
        "--annotation=summary=at 91 %",
        "--generator-url=http://p/g",
        "--start=2026-11-20T10:00:00Z",
        "--end=2099-01-01T00:00:00Z",
    ]);
    both.same(&["alert", "add", "a b=c"]);
    both.all_same(&[
        "alert add alertname=Slow team=web --end=2099-01-01T00:00:00Z",
        "alert add team=db --end=2099-01-01T00:00:00Z",
        "alert add",
        "alert add foo bar",
        "alert",
        "alert query",
        "alert query DiskFull",
        "alert query alertname=~D.* team=db",
        "alert query -o extended team=db",
        "alert query -o simple",
        "alert query -o json DiskFull --no-version-check",
        "alert query -a",
        "alert query -s",
        "alert query -i",
        "alert query -u",
        "alert query -r web",
        "alert query -r w.*|db",
        "alert query a=~(",
        "alert query nobody=there",
        "alert add alertname=Slow team=web --end=2026-01-01T00:00:00Z",
        "alert query",
    ]);
}

#[tokio::test]
async fn amtool_adds_changes_and_ends_silences_as_with_alertmanager() {
    const SILENCES: &str = r#"[
        {"matchers": [{"name": "a", "value": "b", "isRegex": false}], "comment": "imported",
         "startsAt": "2098-01-01T00:00:00.000Z", "endsAt": "2099-02-01T00:00:00.000Z", "createdBy": "me"},
        {"id": "11111111-1111-4111-8111-111111111111", "comment": "with an id", "createdBy": "me",
         "matchers": [{"name": "c", "value": "d.*", "isRegex": true}],
         "startsAt": "2098-01-01T00:00:00.000Z", "endsAt": "2099-03-01T00:00:00.000Z"}]"#;
    let both = Both::start().await;
    let file = |name: &str, text: &str| {
        std::fs::write(both.folder.path().join(name), text).unwrap();
    };
    file("silences.json", SILENCES);
    file("bad.json", r#"[{ "comment": "x" }]"#);
    both.all_same(&[
        "alert add DiskFull team=db --end=2099-01-01T00:00:00Z",
        "silence add alertname=DiskFull -c maintenance -a olga -d 1h",
        "silence add Lone -c x -a pat --start=2098-01-01T00:00:00Z --end=2099-01-02T00:00:00Z",
        "silence add team=~w.* severity!=x -c two -a olga -d 3h",
        "silence add team=x -a a",
        "silence add a=~( -c x",
        "silence add -c x",
        "silence add a=~.* -c x -a z",
        "silence add a=b -c x -a z --start=2026-01-01T00:00:00Z --end=2026-01-02T00:00:00Z",
        "silence",
        "silence query",
        "silence query -q",
        "silence query -o extended",
        "silence query -o json",
        "silence query alertname=DiskFull",
        "silence query alertname=~DiskFull",
        "silence query --created-by=olga",
        "silence query --created-by=nobody -q",
        "silence query --within=2h",
        "silence query --expired",
        "alert query",
        "alert query -s",
    ]);
    both.same_of_silence(
        "DiskFull",
        &["silence", "update", "-d", "2h", "-c", "longer"],
    );
    both.same_of_silence("DiskFull", &["silence", "update", "-o", "json", "-d", "4h"]);
    // Another start makes another silence of it.
    both.same_of_silence(
        "DiskFull",
        &[
            "silence",
            "update",
            "--start=2097-01-01T00:00:00Z",
            "--end=2099-01-03T00:00:00Z",
        ],
    );
    both.all_same(&[
        "silence update",
        "silence update 00000000-0000-4000-8000-000000000000 -d 1h",
        "silence query",
        "silence query --expired -q",
    ]);
    both.same_of_silence("DiskFull", &["silence", "expire"]);
    both.all_same(&[
        "silence expire",
        "silence expire nonsense",
        "silence query --expired",
        "silence query --expired --within=1h",
        "silence import silences.json",
        "silence import --force silences.json",
        "silence import missing.json",
        "silence query -o extended",
    ]);
    // How amtool ends after that is a matter of luck: it counts and asks at the same time.
    for said in both.amtool(&["silence", "import", "bad.json"]) {
        assert!(said.contains("(status 422)"), "{said}");
    }
    // As since 0.26; 0.25 answers 500.
    let [_, said] = both.amtool(&["silence", "expire", "00000000-0000-4000-8000-000000000000"]);
    assert!(said.contains("404") && said.ends_with("Some(1)"), "{said}");
}

#[tokio::test]
async fn amtool_tests_routes_and_shows_the_rest_as_with_alertmanager() {
    let both = Both::start().await;
    let shown = both.amtool(&["config", "show"]);
    for (said, name) in shown.iter().zip(["alertmanagers.yml", "nabats.yml"]) {
        let config = said.split("ended with").next().unwrap_or_default();
        std::fs::write(both.folder.path().join(name), config).unwrap();
    }
    both.all_same(&[
        "config routes",
        "config routes show",
        "config routes test team=db",
        "config routes test team=web",
        "config routes test x=y",
        "config routes test --tree team=db",
        "config routes test --verify.receivers=db,web team=db",
        "config routes test --verify.receivers=all team=db",
        "check-config nabats-alertmanager.yml",
        "check-config missing.yml",
        "template render --template.glob=/dev/null --template.text=x",
        "--version",
    ]);
    // What Nabat shows as its configuration is one to amtool, without the address of a webhook.
    let [_, said] = both.amtool(&["check-config", "nabats.yml"]);
    for found in ["SUCCESS", "route", "1 inhibit rules", "3 receivers"] {
        assert!(said.contains(found), "{found}: {said}");
    }
    assert!(!shown[1].contains("127.0.0.1:9"), "{}", shown[1]);
    let [_, cluster] = both.amtool(&["cluster", "show", "-o", "extended"]);
    assert!(cluster.contains("Cluster Status:  ready"), "{cluster}");
    assert!(cluster.ends_with("Some(0)"), "{cluster}");
}
