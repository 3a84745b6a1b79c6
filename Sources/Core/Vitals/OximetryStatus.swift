/// What a pulse oximeter says of a measurement (Pulse Oximeter Service 1.0.1, section 3.1.1.4,
/// table 3.4). Bits 0 to 4 are reserved.
public struct OximetryStatus: OptionSet, Equatable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let ongoing = OximetryStatus(rawValue: 1 << 5)
    public static let earlyEstimate = OximetryStatus(rawValue: 1 << 6)
    public static let validated = OximetryStatus(rawValue: 1 << 7)
    public static let fullyQualified = OximetryStatus(rawValue: 1 << 8)
    public static let fromStorage = OximetryStatus(rawValue: 1 << 9)
    public static let forDemonstration = OximetryStatus(rawValue: 1 << 10)
    public static let forTesting = OximetryStatus(rawValue: 1 << 11)
    public static let calibrationOngoing = OximetryStatus(rawValue: 1 << 12)
    public static let unavailable = OximetryStatus(rawValue: 1 << 13)
    public static let questionable = OximetryStatus(rawValue: 1 << 14)
    public static let invalid = OximetryStatus(rawValue: 1 << 15)
}

/// What a pulse oximeter says of itself and its probe (Pulse Oximeter Service 1.0.1, section
/// 3.1.1.5, table 3.5): 24 bits, of which 16 to 23 are reserved.
public struct OximeterSensorStatus: OptionSet, Equatable, Sendable {
    public let rawValue: UInt32

    /// The upper 8 bits are dropped.
    public init(rawValue: UInt32) { self.rawValue = rawValue & 0xFF_FFFF }

    public static let displayUpdateOngoing = OximeterSensorStatus(rawValue: 1 << 0)
    public static let equipmentMalfunction = OximeterSensorStatus(rawValue: 1 << 1)
    public static let signalProcessingIrregularity = OximeterSensorStatus(rawValue: 1 << 2)
    public static let inadequateSignal = OximeterSensorStatus(rawValue: 1 << 3)
    public static let poorSignal = OximeterSensorStatus(rawValue: 1 << 4)
    public static let lowPerfusion = OximeterSensorStatus(rawValue: 1 << 5)
    public static let erraticSignal = OximeterSensorStatus(rawValue: 1 << 6)
    public static let nonPulsatileSignal = OximeterSensorStatus(rawValue: 1 << 7)
    public static let questionablePulse = OximeterSensorStatus(rawValue: 1 << 8)
    public static let signalAnalysisOngoing = OximeterSensorStatus(rawValue: 1 << 9)
    public static let sensorInterference = OximeterSensorStatus(rawValue: 1 << 10)
    public static let sensorUnconnectedToUser = OximeterSensorStatus(rawValue: 1 << 11)
    public static let unknownSensor = OximeterSensorStatus(rawValue: 1 << 12)
    public static let sensorDisplaced = OximeterSensorStatus(rawValue: 1 << 13)
    public static let sensorMalfunction = OximeterSensorStatus(rawValue: 1 << 14)
    public static let sensorDisconnected = OximeterSensorStatus(rawValue: 1 << 15)
}
