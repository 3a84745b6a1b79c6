import Diagnostics
import Testing

/// Whether the watchdog is fed, and which stage is to blame when it is not.
@Suite struct ProgressWatchTests {
    private func watch() -> ProgressWatch {
        ProgressWatch { Int64($0.rawValue + 1) * 1_000 }
    }

    @Test func idleGatewayIsFed() {
        var watch = watch()
        #expect(watch.judge(now: 1 << 60) == .feed)
    }

    @Test func everyStageMayTakeItsDeadlineAndNoMore() {
        for stage in Stage.allCases {
            var watch = watch()
            let deadline = Int64(stage.rawValue + 1) * 1_000
            watch.note(stage, since: 5_000)
            #expect(watch.judge(now: 5_000 + deadline) == .feed, "\(stage)")
            #expect(
                watch.judge(now: 5_001 + deadline) == .withhold(stage, nanoseconds: deadline + 1))
            #expect(watch.hangs(stage))
        }
    }

    @Test func stageThatGetsOnIsFedAgain() {
        var watch = watch()
        watch.note(.ring, since: 0)
        #expect(watch.judge(now: 10_000) == .withhold(.ring, nanoseconds: 10_000))
        watch.note(.ring, since: 9_000)
        #expect(watch.judge(now: 10_000) == .feed)
        watch.note(.ring, since: nil)
        #expect(watch.judge(now: 1_000_000) == .feed)
        #expect(!watch.hangs(.ring))
    }

    @Test func slowTurnOfTheLoopCostsOneFeed() {
        var watch = watch()
        watch.noteTurn(nanoseconds: 1_001)
        watch.noteTurn(nanoseconds: 7)
        #expect(watch.judge(now: 0) == .withhold(.loop, nanoseconds: 1_001))
        #expect(watch.judge(now: 0) == .feed)
    }

    @Test func firstOfSeveralIsNamedAndAllAreKnown() {
        var watch = watch()
        watch.note(.uplink, since: 0)
        watch.note(.bus, since: 0)
        #expect(watch.judge(now: 100_000) == .withhold(.bus, nanoseconds: 100_000))
        #expect(watch.hangs(.uplink) && watch.hangs(.bus) && !watch.hangs(.ring))
    }

    @Test func clockThatGoesBackMakesNothingLate() {
        var watch = watch()
        watch.note(.alarm, since: 1 << 40)
        #expect(watch.judge(now: 0) == .feed)
    }
}

/// How many lines a journal on a card takes.
@Suite struct LogPaceTests {
    private let second: Int64 = 1_000_000_000

    @Test func burstThenSteadyRate() {
        var pace = LogPace(burst: 3, rate: 2)
        let admitted = (0..<10).count { _ in pace.admits(now: 0) }
        #expect(admitted == 3)
        #expect(pace.takeSuppressed() == 7)
        #expect(pace.takeSuppressed() == 0)
        let later = [second / 2 - 1, second / 2 + 1, second / 2 + 1].map { pace.admits(now: $0) }
        #expect(later == [false, true, false])
    }

    @Test func quietYearGivesOneBurst() {
        var pace = LogPace(burst: 3, rate: 2)
        _ = pace.admits(now: 0)
        let later = 365 * 86_400 * second
        #expect((0..<10).count { _ in pace.admits(now: later) } == 3)
    }
}

/// A PIN on an open serial line.
@Suite struct PinLockTests {
    private let minute: Int64 = 60_000_000_000

    @Test func onlyTheWholePinIsRight() {
        var lock = PinLock("1234")
        #expect(lock.take("123", now: 0) == .wrong(triesLeft: 4))
        #expect(lock.take("12345", now: 0) == .wrong(triesLeft: 3))
        #expect(lock.take("", now: 0) == .wrong(triesLeft: 2))
        #expect(lock.take("1234", now: 0) == .right)
        #expect(lock.take("1235", now: 0) == .wrong(triesLeft: 4))
    }

    @Test func fiveWrongOnesLockItForAMinute() {
        var lock = PinLock("1234")
        for _ in 0..<4 { _ = lock.take("0000", now: 7) }
        #expect(lock.take("0000", now: 7) == .locked(seconds: 60))
        #expect(lock.take("1234", now: 7 + minute - 1) == .locked(seconds: 1))
        #expect(lock.take("1234", now: 7 + minute) == .right)
    }
}

/// What a helper may see of a configuration.
@Suite struct RedactionTests {
    @Test(arguments: [
        ("pin = 1234", "pin = (removed)"),
        ("  Secret_Access_Key=abc", "  Secret_Access_Key= (removed)"),
        ("access_key_id = AKIAEXAMPLE", "access_key_id = (removed)"),
        ("password: hunter2", "password: (removed)"),
        ("# token = old", "# token = (removed)"),
        ("token_file = /etc/pulsegate/token", "token_file = /etc/pulsegate/token"),
        ("credential_process = keys --pass hunter2", "credential_process = (removed)"),
        ("ping = yes", "ping = yes"),
        ("high = 150", "high = 150"),
        ("[sink pin]", "[sink pin]"),
        ("endpoint = https://u:p@host:8/x", "endpoint = https://(removed)@host:8/x"),
        ("endpoint = https://host/a@b", "endpoint = https://host/a@b"),
        ("", ""),
    ])
    func line(_ given: String, _ shown: String) {
        #expect(Redaction.redact(given) == shown)
    }

    @Test func linesStayWhereTheyAre() {
        #expect(
            Redaction.redact("a = 1\npin = 2\n\nb = 3\n") == "a = 1\npin = (removed)\n\nb = 3\n")
    }
}
