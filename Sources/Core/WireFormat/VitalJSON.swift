public import Bytes
public import Vitals

// The other measurements of the bedside as lines of JSON, each with the fields that it has:
//
// {"timestamp":"2025-07-15T17:10:33.123456Z","measurement":"blood_pressure",
//  "blood_pressure_systolic":120.0,"blood_pressure_diastolic":80.0,"blood_pressure_mean":93.3,
//  "pulse_rate":62.0,"device_id":"ward-3","sensor":"cuff","seq":7,"session_id":"b1946ac9",
//  "measured_at":"2025-07-15T19:09:12","user_id":1,"status":["irregular_pulse"],
//  "clock":"synced","schema":1}
// {…"measurement":"body_temperature","body_temperature":36.85,…"temperature_type":"ear",…}
// {…"measurement":"oximetry","oxygen_saturation":0.9700,"pulse_rate":71.0,…}
// {…"measurement":"oximetry_spot_check","oxygen_saturation":0.9700,"pulse_rate":71.0,…}
// {…"measurement":"glucose","glucose_level":99.1,…"sensor_seq":12,"glucose_type":…}
//
// Pressures are in mmHg with one decimal, temperatures in °C with two, saturations fractions of 1
// with four, rates in beats per minute with one, amplitudes in percent with two, glucose in mg/dL
// with one. A number is converted and rounded once, half away from zero, and always has its
// decimals, so that an index which guesses a field's type from the first line guesses a decimal.
//
// `timestamp` is the arrival, as for every record. `measured_at` is what the sensor's own clock
// said when it measured: local time without a zone, as right as somebody once set it. Queries by
// time go by `timestamp`.

extension FixedBuffer {
    /// Appends the quantities of a measurement, each with a comma in front.
    public mutating func append(values measurement: VitalMeasurement) {
        for place in 0..<VitalQuantity.count {
            guard let quantity = VitalQuantity(rawValue: place),
                case .value(let value) = measurement.value(of: quantity)
            else { continue }
            append(jsonField: quantity.name)
            append(fixed: value, decimals: quantity.decimals)
        }
    }

    /// Appends what a measurement may carry beside its quantities, each with a comma in front.
    public mutating func append(details measurement: VitalMeasurement) {
        if let time = measurement.sensorTime {
            append(",\"measured_at\":\"")
            append(sensorTime: time)
            append(UInt8(ascii: "\""))
        }
        for place in 0..<VitalNumber.count {
            guard let field = VitalNumber(rawValue: place),
                let number = measurement.number(of: field)
            else { continue }
            append(jsonField: field.name)
            append(decimal: number)
        }
        for place in 0..<VitalWord.count {
            guard let field = VitalWord(rawValue: place), let text = measurement.text(of: field)
            else { continue }
            append(jsonField: field.name)
            append(UInt8(ascii: "\""))
            append(text)
            append(UInt8(ascii: "\""))
        }
        append(words: measurement.statusBits, field: "status") {
            measurement.statusWord(ofBit: $0)
        }
        append(words: measurement.sensorStatusBits, field: "sensor_status") {
            VitalMeasurement.sensorStatusWord(ofBit: $0)
        }
    }

    private mutating func append(jsonField name: StaticString) {
        append(",\"")
        append(name)
        append("\":")
    }

    /// Appends the words of the bits that are set as an array, lowest bit first; nothing when no
    /// bit that is set has a word.
    private mutating func append(
        words bits: UInt32, field: StaticString, _ word: (Int) -> StaticString?
    ) {
        var isFirst = true
        for bit in 0..<24 where bits >> UInt32(bit) & 1 == 1 {
            guard let text = word(bit) else { continue }
            if isFirst {
                append(jsonField: field)
                append("[\"")
            } else {
                append(",\"")
            }
            append(text)
            append(UInt8(ascii: "\""))
            isFirst = false
        }
        if !isFirst { append(UInt8(ascii: "]")) }
    }
}
