import Bytes
import Vitals

extension FixedBuffer {
    /// Appends the names of the columns of the other measurements, which follow those that were
    /// there before: `measurement`, the quantities, `measured_at`, and the rest, as in JSON.
    mutating func appendCSVVitalHeader() {
        append("measurement")
        for place in 0..<VitalQuantity.count {
            guard let quantity = VitalQuantity(rawValue: place) else { continue }
            append(column: quantity.name)
        }
        append(column: "measured_at")
        for place in 0..<VitalNumber.count {
            guard let field = VitalNumber(rawValue: place) else { continue }
            append(column: field.name)
        }
        for place in 0..<VitalWord.count {
            guard let field = VitalWord(rawValue: place) else { continue }
            append(column: field.name)
        }
        append(column: "status")
        append(column: "sensor_status")
    }

    /// Appends the columns of a measurement, without a comma in front.
    mutating func append(csv measurement: VitalMeasurement) {
        append(measurement.kind.name)
        for place in 0..<VitalQuantity.count {
            appendComma()
            guard let quantity = VitalQuantity(rawValue: place),
                case .value(let value) = measurement.value(of: quantity)
            else { continue }
            append(fixed: value, decimals: quantity.decimals)
        }
        appendComma()
        if let time = measurement.sensorTime { append(sensorTime: time) }
        for place in 0..<VitalNumber.count {
            appendComma()
            guard let field = VitalNumber(rawValue: place),
                let number = measurement.number(of: field)
            else { continue }
            append(decimal: number)
        }
        for place in 0..<VitalWord.count {
            appendComma()
            guard let field = VitalWord(rawValue: place), let text = measurement.text(of: field)
            else { continue }
            append(text)
        }
        appendComma()
        append(words: measurement.statusBits) { measurement.statusWord(ofBit: $0) }
        appendComma()
        append(words: measurement.sensorStatusBits) {
            VitalMeasurement.sensorStatusWord(ofBit: $0)
        }
    }

    /// Appends the same columns, empty: what is between them.
    mutating func appendCSVNoVital() {
        let columns = VitalQuantity.count + VitalNumber.count + VitalWord.count + 3
        for _ in 0..<columns { appendComma() }
    }

    private mutating func appendComma() { append(UInt8(ascii: ",")) }

    private mutating func append(column name: StaticString) {
        appendComma()
        append(name)
    }

    /// Appends the words of the bits that are set, lowest bit first, with blanks between them.
    private mutating func append(words bits: UInt32, _ word: (Int) -> StaticString?) {
        var isFirst = true
        for bit in 0..<24 where bits >> UInt32(bit) & 1 == 1 {
            guard let text = word(bit) else { continue }
            if !isFirst { append(UInt8(ascii: " ")) }
            append(text)
            isFirst = false
        }
    }
}
