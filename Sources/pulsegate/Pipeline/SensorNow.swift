import Time
import Vitals

/// What the sensor has sent last, for whoever shows it.
struct SensorNow {
    /// The moment of the sensor's time up to which it was heard.
    var time: Moment
    var lastValue: UInt16?
    var lastValueTime: Moment?
    var isOffSkin = false
    /// A value that no heart has, if that was the last one.
    var implausible: UInt16?
    var contact = SensorContact.notSupported
    var lastInterval: UInt64?
    /// Rows of the recording without a value, and gaps.
    var silences = 0

    mutating func note(_ measurement: HeartRateMeasurement, at time: Moment) {
        self.time = time
        contact = measurement.contact
        if measurement.rrIntervals.count > 0 {
            let last = measurement.rrIntervals.count - 1
            lastInterval = measurement.rrIntervals.tenthsOfMilliseconds(at: last) / 10
        }
        isOffSkin = false
        implausible = nil
        switch HeartRateState(measurement) {
        case .heartRate(let value):
            lastValue = value
            lastValueTime = time
        case .offSkin: isOffSkin = true
        case .implausible(let value): implausible = value
        }
    }
}
