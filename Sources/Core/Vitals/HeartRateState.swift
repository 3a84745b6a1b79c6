/// What a well-formed measurement means. Only `heartRate` is judged by the alarm, recorded and
/// sent: 0, no contact and impossible values are states of the sensor, not heart rates.
public enum HeartRateState: Equatable, Sendable {
    /// A heart rate in beats per minute, 1 to 300.
    case heartRate(UInt16)
    /// The sensor has no skin under it (contact not detected, or a value of 0).
    case offSkin
    /// A value that no heart has.
    case implausible(UInt16)

    /// The highest value taken for a heart rate. IEC 60601-2-27 asks monitors for up to
    /// 250 beats per minute (300 for infants), and 220 minus age bounds what exercise reaches.
    public static let highestPlausible: UInt16 = 300

    public init(_ measurement: HeartRateMeasurement) {
        if measurement.contact == .notDetected || measurement.beatsPerMinute == 0 {
            self = .offSkin
        } else if measurement.beatsPerMinute > Self.highestPlausible {
            self = .implausible(measurement.beatsPerMinute)
        } else {
            self = .heartRate(measurement.beatsPerMinute)
        }
    }
}
