/// What time it is, on a board whose wall clock may be wrong by an hour or by fifty years.
///
/// A board without a battery for its clock starts at 1970 or at the time of its last shutdown. The
/// kernel's clock is believed when NTP has set it. Otherwise the `Date` of a service whose
/// certificate was verified is, and whatever the kernel's clock does then is no matter: time goes
/// on with the monotonic clock, which never steps.
///
/// ```
///  the kernel's clock is set by NTP, and no service
///  has called it wrong since it was last set ──────────── yes ──▶ the kernel's       known
///        │ no
///  a service has said the time ────────────────────────── yes ──▶ that, and what     known
///        │ no                                                     has gone by since
///  the kernel's clock is between the floor and
///  thirty years after it ──────────────────────────────── yes ──▶ the kernel's       a guess
///        │ no
///  the floor, and what has gone by since the start ─────────────▶                    a guess
/// ```
///
/// The floor is the latest time of which it is certain that it has passed: the build of the
/// program, or the last that a service said in an earlier run.
public struct WallClock: Equatable, Sendable {
    /// Where the time comes from.
    public enum Source: String, Equatable, Sendable {
        case kernel, service, floor
    }

    /// A request's signature may be as far from the service's clock as 5 minutes (AWS Signature
    /// Version 4); a `Date` that differs by less than this says that the clock is right.
    public static let toleranceMicroseconds: Int64 = 60_000_000
    /// A `Date` has whole seconds and is as old as the answer's way: less than this is no news.
    public static let dateErrorMicroseconds: Int64 = 2_000_000
    /// A kernel's clock that moves by more has been set.
    private static let stepMicroseconds: Int64 = 1_000_000
    /// So far beyond the floor a clock that nobody has set is not believed: thirty years.
    private static let guessReachMicroseconds: Int64 = 30 * 365 * 86_400_000_000
    /// The floor goes up by two years at a time at most: one service with a wrong clock must not
    /// make every certificate an expired one.
    private static let floorReachMicroseconds: Int64 = 2 * 365 * 86_400_000_000

    /// Microseconds since 1970: no time before this is believed.
    public private(set) var floorMicroseconds: Int64
    /// The kernel's wall clock at monotonic 0, microseconds since 1970.
    private var kernelOffset: Int64
    private var kernelState: ClockState
    /// The same of the service's clock; nil before one has spoken.
    private var serviceOffset: Int64?
    /// A service has called the kernel's clock wrong, when it was set like this.
    private var wrongKernelOffset: Int64?
    /// The service's word came with a refusal for the time's sake, which no other's outweighs.
    private var isProven = false
    private let startNanoseconds: Int64

    /// `kernel` are both clocks at the start.
    public init(floorMicroseconds: Int64, kernel: Moment, state: ClockState) {
        self.floorMicroseconds = floorMicroseconds
        kernelOffset = Self.offset(kernel)
        kernelState = state
        startNanoseconds = kernel.monotonicNanoseconds
    }

    private static func offset(_ moment: Moment) -> Int64 {
        moment.wallMicroseconds - moment.monotonicNanoseconds / 1_000
    }

    /// Takes the kernel's clocks into account, as they are now.
    public mutating func observe(kernel: Moment, state: ClockState) {
        kernelOffset = Self.offset(kernel)
        kernelState = state
        if let wrong = wrongKernelOffset, abs(kernelOffset - wrong) > Self.stepMicroseconds {
            wrongKernelOffset = nil
        }
    }

    private func isPlausible(_ wallMicroseconds: Int64) -> Bool {
        wallMicroseconds >= floorMicroseconds - Self.toleranceMicroseconds
            && wallMicroseconds <= floorMicroseconds + Self.guessReachMicroseconds
    }

    /// Where the time at this monotonic instant would come from.
    public func source(at monotonicNanoseconds: Int64) -> Source {
        let kernel = kernelOffset + monotonicNanoseconds / 1_000
        let isUsable = wrongKernelOffset == nil && isPlausible(kernel)
        if isUsable, kernelState == .synced { return .kernel }
        if serviceOffset != nil { return .service }
        return isUsable ? .kernel : .floor
    }

    /// The time at a monotonic instant, microseconds since 1970.
    public func wallMicroseconds(at monotonicNanoseconds: Int64) -> Int64 {
        offset(at: monotonicNanoseconds) + monotonicNanoseconds / 1_000
    }

    private func offset(at monotonicNanoseconds: Int64) -> Int64 {
        let floorOffset = floorMicroseconds - startNanoseconds / 1_000
        return switch source(at: monotonicNanoseconds) {
        case .kernel: kernelOffset
        case .service: serviceOffset ?? floorOffset
        case .floor: floorOffset
        }
    }

    /// Both clocks at a monotonic instant.
    public func moment(at monotonicNanoseconds: Int64) -> Moment {
        Moment(
            monotonicNanoseconds: monotonicNanoseconds,
            wallMicroseconds: wallMicroseconds(at: monotonicNanoseconds))
    }

    /// Whether somebody who knows has said the time.
    public func state(at monotonicNanoseconds: Int64) -> ClockState {
        switch source(at: monotonicNanoseconds) {
        case .kernel: kernelState
        case .service: .synced
        case .floor: .unsynced
        }
    }

    /// The wall clock at monotonic 0 where the time is known, microseconds since 1970: what stamps
    /// records of this boot that came before. nil: it is not known yet.
    public func knownOffset(at monotonicNanoseconds: Int64) -> Int64? {
        state(at: monotonicNanoseconds) == .synced ? offset(at: monotonicNanoseconds) : nil
    }

    /// The time that certificates are verified against, seconds since 1970; nil for the kernel's
    /// own, which is the same.
    public func verificationSeconds(at monotonicNanoseconds: Int64) -> Int64? {
        if source(at: monotonicNanoseconds) == .kernel { return nil }
        return max(wallMicroseconds(at: monotonicNanoseconds), floorMicroseconds) / 1_000_000
    }

    /// A certificate has expired or is not valid yet by the kernel's clock, which nobody has set:
    /// then the clock is doubted before the certificate. Answers whether that changes anything.
    public mutating func doubtKernel(at monotonicNanoseconds: Int64) -> Bool {
        guard source(at: monotonicNanoseconds) == .kernel, kernelState == .unsynced else {
            return false
        }
        wrongKernelOffset = kernelOffset
        return true
    }

    /// Takes the `Date` of an answer over verified TLS. `isRefused`: the service refuses the
    /// request for its time, so one of the two clocks is wrong, and the service's is what counts.
    /// Answers by how much the time has changed, where that is more than the tolerance.
    @discardableResult
    public mutating func note(
        dateSeconds: Int64, isRefused: Bool, at monotonicNanoseconds: Int64
    ) -> Int64? {
        // The middle of the second that the server has cut off.
        let said = dateSeconds * 1_000_000 + 500_000
        let before = wallMicroseconds(at: monotonicNanoseconds)
        let difference = said - before
        let isRight = abs(difference) <= Self.toleranceMicroseconds
        // One service's clock outweighs NTP when it refuses requests, and no other service's.
        // A time that has passed for certain is nobody's now, unless nothing goes without it.
        let isPast = said < floorMicroseconds - Self.toleranceMicroseconds
        guard
            isRight || isRefused
                || !(isPast || isProven || isKernelTrusted(at: monotonicNanoseconds))
        else { return nil }
        raiseFloor(to: dateSeconds * 1_000_000)
        if isRight {
            keep(difference, at: monotonicNanoseconds, said: said)
            return nil
        }
        if source(at: monotonicNanoseconds) == .kernel { wrongKernelOffset = kernelOffset }
        serviceOffset = said - monotonicNanoseconds / 1_000
        isProven = isProven || isRefused
        return difference
    }

    private func isKernelTrusted(at monotonicNanoseconds: Int64) -> Bool {
        kernelState == .synced && source(at: monotonicNanoseconds) == .kernel
    }

    /// The clock is right: what it says is finer than a `Date`, so it stays, unless it drifts.
    private mutating func keep(_ difference: Int64, at monotonicNanoseconds: Int64, said: Int64) {
        switch source(at: monotonicNanoseconds) {
        case .kernel: serviceOffset = kernelOffset
        case .service where abs(difference) > Self.dateErrorMicroseconds, .floor:
            serviceOffset = said - monotonicNanoseconds / 1_000
        case .service: break
        }
    }

    private mutating func raiseFloor(to microseconds: Int64) {
        let reach = floorMicroseconds + Self.floorReachMicroseconds
        floorMicroseconds = max(floorMicroseconds, min(microseconds, reach))
    }
}
