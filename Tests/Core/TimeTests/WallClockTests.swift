import TestSupport
import Testing
import Time

/// What time it is where the kernel's clock may be wrong.
struct WallClockTests {
    private static let second: Int64 = 1_000_000
    private static let hour = 3_600 * second
    private static let year = 365 * 24 * hour
    /// 2026-11-21T00:00:00Z.
    private static let floor: Int64 = 1_795_219_200_000_000
    /// What a clock in the right place would say at monotonic 0: two months after the floor.
    private static let truth = floor + 60 * 24 * hour

    /// A board that is up for `up` microseconds, and whose kernel is wrong by `error`.
    private func kernel(error: Int64, up: Int64 = 10 * second) -> Moment {
        Moment(monotonicNanoseconds: up * 1_000, wallMicroseconds: Self.truth + error + up)
    }

    private func clock(error: Int64, state: ClockState = .unsynced) -> WallClock {
        WallClock(
            floorMicroseconds: Self.floor, kernel: kernel(error: error), state: state)
    }

    /// Says the true time at a monotonic instant, as a `Date` does.
    @discardableResult
    private func note(_ clock: inout WallClock, up: Int64, isRefused: Bool = false) -> Int64? {
        clock.note(
            dateSeconds: (Self.truth + up) / Self.second, isRefused: isRefused, at: up * 1_000)
    }

    private func error(_ clock: WallClock, up: Int64) -> Int64 {
        clock.wallMicroseconds(at: up * 1_000) - (Self.truth + up)
    }

    static let wrong: [Int64] = [
        -truth, 946_684_800_000_000 - truth, -hour, hour, -50 * year, 50 * year, 20 * year,
    ]

    @Test(arguments: wrong)
    func dateOfAServiceMendsAClockThatNobodyHasSet(_ wrongBy: Int64) {
        var clock = clock(error: wrongBy)
        #expect(clock.state(at: 11_000_000_000) == .unsynced)
        #expect(clock.knownOffset(at: 11_000_000_000) == nil)
        let change = note(&clock, up: 12 * Self.second)
        #expect(change != nil)
        #expect(abs(error(clock, up: 13 * Self.second)) <= Self.second)
        #expect(clock.state(at: 13_000_000_000) == .synced)
        #expect(clock.source(at: 13_000_000_000) == .service)
        // Records of before are stamped by it.
        let offset = clock.knownOffset(at: 13_000_000_000) ?? 0
        #expect(abs(offset - Self.truth) <= Self.second)
    }

    @Test(arguments: wrong)
    func clockThatIsFarOffIsNotWhatCertificatesAreVerifiedAgainst(_ wrongBy: Int64) {
        var clock = clock(error: wrongBy)
        let now: Int64 = 11_000_000_000
        let isFar = wrongBy < -Self.year || wrongBy > 30 * Self.year
        #expect((clock.verificationSeconds(at: now) != nil) == isFar)
        // One that is only expired by the kernel's clock makes that one doubtful.
        let isDoubted = clock.doubtKernel(at: now)
        #expect(isDoubted == !isFar)
        let seconds = clock.verificationSeconds(at: now) ?? 0
        #expect((Self.floor / Self.second...Self.floor / Self.second + 1).contains(seconds))
    }

    @Test func clockThatNTPHasSetIsBelievedBeforeTheDateOfAnyServer() {
        var clock = clock(error: 0, state: .synced)
        #expect(clock.state(at: 11_000_000_000) == .synced)
        let change = clock.note(
            dateSeconds: (Self.truth + 5 * Self.hour) / Self.second, isRefused: false,
            at: 11_000_000_000)
        #expect(change == nil)
        #expect(error(clock, up: 12 * Self.second) == 0)
        #expect(clock.verificationSeconds(at: 11_000_000_000) == nil)
        let isDoubted = clock.doubtKernel(at: 11_000_000_000)
        #expect(!isDoubted)
    }

    @Test func serviceThatRefusesTheTimeIsBelievedBeforeNTP() {
        var clock = clock(error: -2 * Self.hour, state: .synced)
        let ignored = note(&clock, up: 11 * Self.second)
        #expect(ignored == nil)
        #expect(error(clock, up: 11 * Self.second) == -2 * Self.hour)
        let change = note(&clock, up: 12 * Self.second, isRefused: true)
        #expect(change.map { abs($0 - 2 * Self.hour) <= Self.second } == true)
        #expect(abs(error(clock, up: 12 * Self.second)) <= Self.second)
        // No other server outweighs that,
        clock.note(
            dateSeconds: (Self.truth + 5 * Self.hour) / Self.second, isRefused: false,
            at: 13_000_000_000)
        #expect(abs(error(clock, up: 14 * Self.second)) <= Self.second)
        // and the kernel is believed again when NTP has set it anew.
        clock.observe(kernel: kernel(error: 0, up: 20 * Self.second), state: .synced)
        #expect(clock.source(at: 20_000_000_000) == .kernel)
        #expect(error(clock, up: 20 * Self.second) == 0)
    }

    @Test(arguments: [-3 * hour, 3 * hour, -50 * year, 50 * year])
    func stepOfAClockThatAServiceHasConfirmedDisturbsNothing(_ step: Int64) {
        var clock = clock(error: 0)
        let change = note(&clock, up: 11 * Self.second)
        #expect(change == nil)
        #expect(clock.state(at: 11_000_000_000) == .synced)
        #expect(error(clock, up: 12 * Self.second) == 0, "the kernel's is finer than a Date")
        clock.observe(kernel: kernel(error: step, up: 20 * Self.second), state: .unsynced)
        #expect(error(clock, up: 20 * Self.second) == 0)
        #expect(clock.state(at: 20_000_000_000) == .synced)
        clock.observe(kernel: kernel(error: 0, up: 30 * Self.second), state: .unsynced)
        #expect(error(clock, up: 30 * Self.second) == 0)
    }

    @Test func timeThatNTPSetsLaterIsTakenOver() {
        var clock = clock(error: -Self.truth)
        #expect(clock.source(at: 11_000_000_000) == .floor)
        clock.observe(kernel: kernel(error: 0, up: 60 * Self.second), state: .synced)
        #expect(clock.source(at: 60_000_000_000) == .kernel)
        #expect(clock.knownOffset(at: 60_000_000_000) == Self.truth)
    }

    @Test func withoutAnyWordTimeGoesOnFromTheFloor() {
        let clock = clock(error: -Self.truth)
        #expect(clock.wallMicroseconds(at: 10_000_000_000) == Self.floor)
        #expect(clock.wallMicroseconds(at: 15_000_000_000) == Self.floor + 5 * Self.second)
        #expect(clock.state(at: 15_000_000_000) == .unsynced)
    }

    @Test func driftOfTheMonotonicClockIsMended() {
        var clock = clock(error: Self.hour)
        note(&clock, up: 11 * Self.second)
        // Five seconds a day: the board's crystal is 58 millionths off.
        let day = 24 * Self.hour
        let said = Self.truth + day + 5 * Self.second
        let change = clock.note(
            dateSeconds: said / Self.second, isRefused: false, at: day * 1_000)
        #expect(change == nil)
        let after = clock.wallMicroseconds(at: day * 1_000) - said
        #expect(abs(after) <= Self.second)
    }

    @Test func wordFromBeforeTheFloorIsHeardOnlyWithARefusal() {
        var clock = clock(error: 0)
        let before = clock.wallMicroseconds(at: 11_000_000_000)
        #expect(clock.note(dateSeconds: 0, isRefused: false, at: 11_000_000_000) == nil)
        #expect(clock.wallMicroseconds(at: 11_000_000_000) == before)
        #expect(clock.source(at: 11_000_000_000) == .kernel)
        #expect(clock.note(dateSeconds: 0, isRefused: true, at: 11_000_000_000) != nil)
        #expect(clock.source(at: 11_000_000_000) == .service)
    }

    @Test func floorGoesUpWithTheServicesWordAndNeverFar() {
        var clock = clock(error: 0)
        note(&clock, up: 11 * Self.second)
        #expect(clock.floorMicroseconds == Self.truth + 11 * Self.second)
        clock.note(
            dateSeconds: (Self.truth + 70 * Self.year) / Self.second, isRefused: true,
            at: 12_000_000_000)
        #expect(clock.floorMicroseconds == Self.truth + 11 * Self.second + 2 * Self.year)
        clock.note(dateSeconds: 0, isRefused: true, at: 13_000_000_000)
        #expect(clock.floorMicroseconds == Self.truth + 11 * Self.second + 2 * Self.year)
    }

    /// Whatever is said, in whatever order, time is a number, and the floor never goes down.
    @Test func anyWordsLeaveATimeAndAFloor() {
        var random = SeededRandom(test: "anyWordsLeaveATimeAndAFloor")
        for _ in 0..<2_000 {
            var clock = clock(
                error: .random(in: -60 * Self.year...60 * Self.year, using: &random),
                state: Bool.random(using: &random) ? .synced : .unsynced)
            var up = 10 * Self.second
            var last = clock.floorMicroseconds
            for _ in 0..<8 {
                up += .random(in: 0...Self.hour, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    let error = Int64.random(in: -60 * Self.year...60 * Self.year, using: &random)
                    clock.observe(kernel: kernel(error: error, up: up), state: .unsynced)
                case 1: _ = clock.doubtKernel(at: up * 1_000)
                case 2: note(&clock, up: up, isRefused: Bool.random(using: &random))
                default:
                    clock.note(
                        dateSeconds: .random(in: 0...253_402_300_799, using: &random),
                        isRefused: Bool.random(using: &random), at: up * 1_000)
                }
                #expect(clock.floorMicroseconds >= last, "seed \(random.seed)")
                last = clock.floorMicroseconds
                if let seconds = clock.verificationSeconds(at: up * 1_000) {
                    #expect(seconds >= last / Self.second, "seed \(random.seed)")
                }
            }
            note(&clock, up: up, isRefused: true)
            #expect(abs(error(clock, up: up)) <= WallClock.toleranceMicroseconds)
        }
    }
}
