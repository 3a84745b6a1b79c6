import Credentials
import Testing
import Time

private let second: Int64 = 1_000_000_000

/// When a key stops to work, whatever the wall clock says.
@Suite struct KeyExpiryTests {
    /// The key ends at wall second 10,000; it came at monotonic second 100.
    private func expiry(server: Int64? = nil) -> KeyExpiry {
        KeyExpiry(
            wallMicroseconds: 10_000_000_000, obtained: 100 * second,
            serverWallMicroseconds: server.map { $0 * 1_000_000 })
    }

    private func time(_ monotonic: Int64, wall: Int64) -> Moment {
        Moment(monotonicNanoseconds: monotonic * second, wallMicroseconds: wall * 1_000_000)
    }

    @Test func aKeyWithoutEndNeverEnds() {
        let expiry = KeyExpiry(wallMicroseconds: nil, obtained: 0, serverWallMicroseconds: 5)
        #expect(expiry.judge(now: time(0, wall: 1 << 40), clock: .synced) == .never)
        #expect(!expiry.hasEnded(now: time(1 << 30, wall: 1 << 40), clock: .synced))
    }

    @Test func theProvidersClockMeasuresWhateverOursSays() {
        for wall in [0, 9_000, 20_000, 1 << 40] as [Int64] {
            for clock in [ClockState.synced, .unsynced] {
                let judged = expiry(server: 9_400).judge(now: time(300, wall: wall), clock: clock)
                #expect(judged == .at(monotonicNanoseconds: 700 * second, isCertain: true))
            }
        }
        #expect(!expiry(server: 9_400).hasEnded(now: time(699, wall: 0), clock: .unsynced))
        #expect(expiry(server: 9_400).hasEnded(now: time(700, wall: 0), clock: .unsynced))
    }

    @Test func aSetClockIsCertainAndAnUnsetOneIsNot() {
        let now = time(200, wall: 9_500)
        #expect(
            expiry().judge(now: now, clock: .synced)
                == .at(monotonicNanoseconds: 700 * second, isCertain: true))
        #expect(
            expiry().judge(now: now, clock: .unsynced)
                == .at(monotonicNanoseconds: 700 * second, isCertain: false))
        let later = time(800, wall: 10_100)
        #expect(expiry().hasEnded(now: later, clock: .synced))
        #expect(!expiry().hasEnded(now: later, clock: .unsynced))
    }

    @Test func aCorrectedClockCorrectsTheEnd() {
        // The clock was a day behind when the key came, and is right now.
        #expect(
            expiry().judge(now: time(200, wall: 9_500 - 86_400), clock: .unsynced)
                == .at(monotonicNanoseconds: (700 + 86_400) * second, isCertain: false))
        #expect(
            expiry().judge(now: time(210, wall: 9_510), clock: .synced)
                == .at(monotonicNanoseconds: 700 * second, isCertain: true))
    }

    @Test func aKeyThatHadEndedBeforeItCameIsNotBelievedToHaveEnded() {
        for clock in [ClockState.synced, .unsynced] {
            let now = time(200, wall: 10_101)
            #expect(expiry().judge(now: now, clock: clock) == .unknown)
            #expect(!expiry().hasEnded(now: now, clock: clock))
        }
        #expect(expiry(server: 10_000).judge(now: time(200, wall: 0), clock: .synced) == .unknown)
    }

    @Test func timesBeyondAllMeasureDoNotTrap() {
        for end in [Int64.min, .max, 0, -1] {
            for server in [nil, Int64.min, .max] {
                let expiry = KeyExpiry(
                    wallMicroseconds: end, obtained: .max, serverWallMicroseconds: server)
                for wall in [Int64.min, 0, .max] {
                    _ = expiry.judge(
                        now: Moment(monotonicNanoseconds: .max, wallMicroseconds: wall),
                        clock: .synced)
                }
            }
        }
    }
}

/// Files that change while they are watched.
@Suite struct FileWatchTests {
    private func stamp(_ version: Int64) -> FileStamp {
        FileStamp(device: 1, node: 2, modifiedNanoseconds: version, byteCount: 3)
    }

    @Test func aFileThatStaysIsNotReadAgain() {
        var watch = FileWatch()
        #expect(watch.isIdle)
        watch.note(read: [stamp(1)], now: 0)
        #expect(watch.due == FileWatch.intervalNanoseconds)
        let answer = watch.look([stamp(1)], isPatient: false, now: 10)
        #expect(!answer)
        #expect(watch.due == 10 + FileWatch.intervalNanoseconds)
    }

    @Test func aChangedFileIsReadWhenItStandsStill() {
        var watch = FileWatch()
        watch.note(read: [stamp(1)], now: 0)
        var answers: [Bool] = []
        for version in [2, 3, 3] as [Int64] {
            answers.append(watch.look([stamp(version)], isPatient: true, now: 10))
            if answers.last == false { #expect(watch.due == 10 + FileWatch.settleNanoseconds) }
        }
        #expect(answers == [false, false, true])
    }

    @Test func withoutAKeyAChangedFileIsReadAtOnce() {
        var watch = FileWatch()
        watch.note(read: [.absent], now: 0)
        let answer = watch.look([stamp(1)], isPatient: false, now: 10)
        #expect(answer)
    }

    @Test func aFileThatIsAsBeforeAtTheNextLookHasNotChanged() {
        var watch = FileWatch()
        watch.note(read: [stamp(1)], now: 0)
        for stamps in [[stamp(2)], [stamp(1)], [stamp(2)]] {
            let answer = watch.look(stamps, isPatient: true, now: 10)
            #expect(!answer)
        }
    }
}
