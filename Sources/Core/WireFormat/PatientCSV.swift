import Bytes
import RecordRing
import Time
import Vitals

// Posts as columns of CSV. A form's numbers stand in the columns that other measurements have for
// them, behind `measurement` = patient_stats. What no measurement has is in columns at the end; the
// heart rate is there, so that the column of heart rates has those of sensors alone.

extension FixedBuffer {
    /// Appends the names of the last columns, each with a comma in front.
    mutating func appendCSVPatientHeader() {
        append(",patient,time,respiratory_rate,patient_heart_rate")
    }

    /// Appends those columns, each with a comma in front; empty for what is no form.
    mutating func append(csvPatient record: Record?) {
        guard let record, case .patientStats(let stats) = record.payload,
            let name = stats.name(in: record)
        else { return append(",,,,") }
        append(",")
        append(csvText: name.bytes)
        append(",")
        append(timestamp: stats.timeMicroseconds)
        append(",")
        append(stats, .respiratoryRate)
        append(",")
        append(stats, .heartRate)
    }

    /// Appends the columns of other measurements, and of errors where it is one.
    mutating func append(csvPosted record: Record) {
        switch record.payload {
        case .patientStats(let stats): append(csvVitals: stats)
        case .refusedPost(let post):
            appendCSVNoVital()
            append(",")
            append(decimal: UInt64(post.status))
            append(",")
            append(messageOf: post)
            append(",,")
        case .postedError(let error):
            appendCSVNoVital()
            append(",")
            append(decimal: UInt64(error.status))
            append(",")
            let rest = error.messageRest
            if rest.count == 0 {
                append(csvText: record.sensor.bytes)
            } else {
                appendCSVQuoted(record.sensor.bytes, rest)
            }
            append(",,")
        case .heartRate, .vital, .gap, .rejection, .alarm:
            preconditionFailure("these columns are those of posts")
        }
    }

    /// Appends the columns of `append(csv:)` of other measurements.
    private mutating func append(csvVitals stats: PatientStats) {
        append("patient_stats")
        for place in 0..<VitalQuantity.count {
            append(",")
            guard let quantity = VitalQuantity(rawValue: place) else { continue }
            switch quantity {
            case .bloodPressureSystolic: append(stats, .bloodPressureSystolic)
            case .bloodPressureDiastolic: append(stats, .bloodPressureDiastolic)
            case .bodyTemperature: append(stats, .bodyTemperature)
            case .oxygenSaturation: append(stats, .oxygenSaturation)
            case .glucoseLevel: append(stats, .glucoseLevel)
            default: continue
            }
        }
        for _ in 0..<VitalNumber.count + VitalWord.count + 3 { append(",") }
    }

    private mutating func append(_ stats: PatientStats, _ quantity: PatientQuantity) {
        append(short: stats.units(of: quantity), decimals: PatientQuantity.decimals)
    }

    /// Appends two pieces of text as one field in quotes.
    private mutating func appendCSVQuoted(_ first: Span<UInt8>, _ second: Span<UInt8>) {
        append("\"")
        appendCSVCharacters(first)
        appendCSVCharacters(second)
        append("\"")
    }

    private mutating func appendCSVCharacters(_ text: Span<UInt8>) {
        for index in text.indices {
            if text[index] == UInt8(ascii: "\"") { append("\"") }
            append(text[index])
        }
    }
}
