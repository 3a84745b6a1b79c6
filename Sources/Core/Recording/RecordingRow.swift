/// One row of a recorded session: what the sensor said, and when.
public struct RecordingRow: Equatable, Sendable {
    /// Nanoseconds from the start of the recording; every row is later than the one before.
    public let timeNanoseconds: Int64
    /// What the sensor sent, 0 to 65,535 as in 0x2A37, not judged here. nil: it sent no value.
    public let beatsPerMinute: UInt16?

    public init(timeNanoseconds: Int64, beatsPerMinute: UInt16?) {
        self.timeNanoseconds = timeNanoseconds
        self.beatsPerMinute = beatsPerMinute
    }
}

/// The columns of a recording that are read; a file may have others among them.
public enum RecordingColumn: Equatable, Sendable {
    case seconds
    case beatsPerMinute

    /// The name in the header line.
    public var name: StaticString {
        switch self {
        case .seconds: "seconds"
        case .beatsPerMinute: "beats_per_minute"
        }
    }
}
