/// What a lamp or a buzzer does in time: on and off in turn, as data.
public struct Pattern: Equatable, Sendable {
    /// On and off times that fit: ten pulses with what lies between them, and room.
    public static let stepLimit = 24

    private var steps = InlineArray<24, UInt16>(repeating: 0)
    public private(set) var stepCount = 0
    /// Milliseconds of all steps; then the first follows again.
    public private(set) var periodMilliseconds = 0
    /// Without steps: always on or always off.
    private let isOnWithoutSteps: Bool

    /// Always on or always off.
    public init(steady isOn: Bool) { isOnWithoutSteps = isOn }

    /// Milliseconds on, off, on, off, …, again and again.
    public init(_ milliseconds: [UInt16]) {
        precondition(
            milliseconds.count.isMultiple(of: 2) && milliseconds.count <= Self.stepLimit,
            "a pattern is up to 12 pairs of on and off")
        isOnWithoutSteps = false
        for step in milliseconds {
            precondition(step > 0, "a step takes time")
            steps[stepCount] = step
            stepCount += 1
            periodMilliseconds += Int(step)
        }
    }

    public subscript(step: Int) -> UInt16 { steps[step] }

    /// Pulses of a period.
    public var pulseCount: Int { stepCount / 2 }

    /// Nanoseconds from the first pulse's beginning to the last one's end.
    public var burstNanoseconds: Int64 {
        guard stepCount > 0 else { return 0 }
        return Int64(periodMilliseconds - Int(steps[stepCount - 1])) * 1_000_000
    }

    /// Whether it is on at `elapsed` nanoseconds after its beginning, and for how many nanoseconds
    /// that stays so; nil for ever.
    @_noAllocation
    public func level(at elapsed: Int64) -> (isOn: Bool, nanoseconds: Int64?) {
        guard stepCount > 0 else { return (isOnWithoutSteps, nil) }
        var left = max(0, elapsed) % (Int64(periodMilliseconds) * 1_000_000)
        for index in 0..<stepCount {
            let step = Int64(steps[index]) * 1_000_000
            if left < step { return (index % 2 == 0, step - left) }
            left -= step
        }
        return (false, 0)
    }

    public static func == (one: Pattern, other: Pattern) -> Bool {
        guard one.stepCount == other.stepCount, one.isOnWithoutSteps == other.isOnWithoutSteps
        else { return false }
        for index in 0..<one.stepCount where one.steps[index] != other.steps[index] {
            return false
        }
        return true
    }
}

/// One output that follows a pattern: when it has to change, and to what.
public struct PatternPlayer: Sendable {
    private var pattern = Pattern(steady: false)
    private var began: Int64 = 0

    public init() {}

    /// Plays `pattern` from its first pulse on; the one that is played already goes on.
    public mutating func play(_ pattern: Pattern, from time: Int64) {
        guard pattern != self.pattern else { return }
        self.pattern = pattern
        began = time
    }

    /// Begins the pattern anew.
    public mutating func restart(at time: Int64) { began = time }

    /// Whether the output is on at `now`, and when that changes; nil for never.
    @_noAllocation
    public func level(at now: Int64) -> (isOn: Bool, until: Int64?) {
        let (isOn, left) = pattern.level(at: now - began)
        return (isOn, left.map { now + $0 })
    }
}
