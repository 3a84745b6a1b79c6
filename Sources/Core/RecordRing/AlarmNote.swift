public import Alarm
import Bytes

/// A line of the alarm log: what happened to which alarm. The record's time is that of the event;
/// its name is the sensor's, or the sink's that is down, or none.
///
/// ```
/// payload of kind 9
///  76  1  condition, as `AlarmCondition` numbers them
///  77  1  what happened: 1 raised, 2 cleared, 3 acknowledged, 4 sounds again
///  78  1  priority: 1 low, 2 medium, 3 high
///  79  1  0
///  80  2  heart rate that caused it, beats per minute; 0 for a technical alarm
///  82  2  the limit that it was judged by; 0 for a technical alarm
///  84  2  seconds of the pause that acknowledging began; 0 for none, or until it clears
/// ```
public struct AlarmNote: Equatable, Sendable {
    static let kind: UInt8 = 9

    public var condition: AlarmCondition
    public var edge: AlarmEdge
    public var priority: AlarmPriority
    public var beatsPerMinute: UInt16
    public var limitBeatsPerMinute: UInt16
    public var pauseSeconds: UInt16

    public init(
        condition: AlarmCondition, edge: AlarmEdge, priority: AlarmPriority,
        beatsPerMinute: UInt16 = 0, limitBeatsPerMinute: UInt16 = 0, pauseSeconds: UInt16 = 0
    ) {
        self.condition = condition
        self.edge = edge
        self.priority = priority
        self.beatsPerMinute = beatsPerMinute
        self.limitBeatsPerMinute = limitBeatsPerMinute
        self.pauseSeconds = pauseSeconds
    }

    /// The record's name is a sink's.
    public var isAboutSink: Bool { condition == .uplinkDown }

    /// A record of this kind is one of these; `first` is the first byte of its payload.
    public static func isAboutSink(kind: UInt8, first: UInt8) -> Bool {
        kind == Self.kind && AlarmCondition(rawValue: first) == .uplinkDown
    }

    @_lifetime(slot: copy slot)
    func encode(into slot: inout MutableSpan<UInt8>) {
        slot[76] = condition.rawValue
        slot[77] = edge.rawValue
        slot[78] = priority.rawValue
        slot.store(beatsPerMinute, at: 80)
        slot.store(limitBeatsPerMinute, at: 82)
        slot.store(pauseSeconds, at: 84)
    }

    init(decoding slot: Span<UInt8>) throws(RecordError) {
        guard let condition = AlarmCondition(rawValue: slot[76]),
            let edge = AlarmEdge(rawValue: slot[77]),
            let priority = AlarmPriority(rawValue: slot[78])
        else { throw .field(.alarm) }
        self.condition = condition
        self.edge = edge
        self.priority = priority
        beatsPerMinute = slot.loadUInt16(at: 80)
        limitBeatsPerMinute = slot.loadUInt16(at: 82)
        pauseSeconds = slot.loadUInt16(at: 84)
    }
}
