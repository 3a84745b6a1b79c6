import Linux
import Testing
import Time

struct TimerTests {
    private let hour: Int64 = 3_600_000_000_000

    @Test func newTimerIsSilent() throws {
        #expect(!isReadable(try Timer().number))
    }

    @Test(arguments: [Int64.min, -1, 0, 1])
    func timeThatHasPassedFiresAtOnce(_ time: Int64) throws {
        let timer = try Timer()
        timer.set(time)
        #expect(becomesReadable(timer.number))
    }

    @Test func timerFiresWhenItsTimeHasCome() throws {
        let timer = try Timer()
        let due = Clock.now().monotonicNanoseconds + 5_000_000
        timer.set(due)
        #expect(becomesReadable(timer.number))
        #expect(Clock.now().monotonicNanoseconds >= due)
    }

    @Test func timeToComeIsWaitedFor() throws {
        let timer = try Timer()
        timer.set(Clock.now().monotonicNanoseconds + hour)
        #expect(!isReadable(timer.number))
    }

    @Test func farthestTimeIsTaken() throws {
        let timer = try Timer()
        timer.set(.max)
        #expect(!isReadable(timer.number))
    }

    @Test func clearedTimerIsSilentAndStaysSo() throws {
        let timer = try Timer()
        timer.set(1)
        #expect(becomesReadable(timer.number))
        timer.clear()
        #expect(!isReadable(timer.number))
        timer.clear()
    }

    @Test func newTimeReplacesTheOldOne() throws {
        let timer = try Timer()
        timer.set(Clock.now().monotonicNanoseconds + hour)
        timer.set(1)
        #expect(becomesReadable(timer.number))
        timer.set(Clock.now().monotonicNanoseconds + hour)
        #expect(!isReadable(timer.number), "what has fired before counts no more")
    }

    @Test func stoppedTimerNeverFires() throws {
        let timer = try Timer()
        timer.set(1)
        timer.set(nil)
        #expect(!isReadable(timer.number))
    }
}

struct WakeupTests {
    @Test func signalsAreOneWakeUpUntilTheyAreCleared() throws {
        let wakeup = try Wakeup()
        #expect(!isReadable(wakeup.number))
        wakeup.signal()
        wakeup.signal()
        #expect(isReadable(wakeup.number))
        wakeup.clear()
        #expect(!isReadable(wakeup.number))
        wakeup.signal()
        #expect(isReadable(wakeup.number))
    }

    @Test func clearingWhatWasNotSignalledDoesNotWait() throws {
        let wakeup = try Wakeup()
        wakeup.clear()
        #expect(!isReadable(wakeup.number))
    }
}
