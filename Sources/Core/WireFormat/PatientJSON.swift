public import Bytes
import RecordRing
import Time
import Vitals

// A form that was posted, as one line of JSON:
//
// {"timestamp":"2025-07-15T17:10:33.123456Z","patient":"p-17","time":"2025-07-15T17:10:32.000000Z",
//  "glucose_level":99.1,"oxygen_saturation":0.97,"body_temperature":36.65,"respiratory_rate":16.0,
//  "heart_rate":72.5,"blood_pressure_systolic":120.0,"blood_pressure_diastolic":80.0,
//  "device_id":"gym-7","seq":18448,"session_id":"b1946ac9","clock":"synced","schema":1}
//
// `timestamp` is when it came, `time` what the form says, in UTC. Numbers have one to four
// decimals. This `heart_rate` is what somebody posted and was not judged by the alarm: these lines
// go to the sinks that are set to take them, and to no other.

extension FixedBuffer {
    /// Appends the fields of a form behind the time of its record.
    mutating func append(form stats: PatientStats, in record: Record) {
        append("\",\"patient\":")
        if let name = stats.name(in: record) {
            append(jsonString: name.bytes)
        } else {
            append(jsonString: record.sensor.bytes)
        }
        append(",\"time\":\"")
        append(timestamp: stats.timeMicroseconds)
        append(UInt8(ascii: "\""))
        for quantity in PatientQuantity.allCases {
            append(",\"")
            append(quantity.name)
            append("\":")
            append(short: stats.units(of: quantity), decimals: PatientQuantity.decimals)
        }
    }

    /// Appends a fixed-point number, `value` in units of 10^-`decimals`, without the zeros at its
    /// end: 725000 with 4 as 72.5, and 720000 as 72.0. One decimal always stands there, so that an
    /// index that guesses a field's type from the first line guesses a decimal.
    public mutating func append(short value: Int64, decimals: Int) {
        var value = value
        var decimals = decimals
        while decimals > 1, value % 10 == 0 {
            value /= 10
            decimals -= 1
        }
        append(fixed: value, decimals: decimals)
    }
}
