import Bytes
import Time
import Uplink
import Vitals

/// A form as somebody may post it, right or wrong.
struct SimulatedForm {
    /// What is wrong with it. Each is what devices and programs have been seen to send.
    enum Fault: UInt8, CaseIterable {
        case missingField, null, text, outOfRange, notFinite, swappedPressures, noPatient
        case badTime, unknownField, repeatedField, cutShort
    }

    /// Which patient.
    let number: Int
    var microseconds: Int64 = 0
    var units = InlineArray<7, Int64>(repeating: 0)
    private var fault: Fault?
    private var faulty = PatientQuantity.heartRate

    init(number: Int) { self.number = number }

    /// Makes it one that is refused.
    mutating func spoil(random: inout RandomSource) {
        fault = Fault(rawValue: UInt8(random.next() % UInt64(Fault.allCases.count)))
        faulty = PatientQuantity(rawValue: UInt8(random.next() % 7)) ?? .heartRate
    }

    /// The number of a field as text; nil to leave the field out.
    fileprivate func append(_ quantity: PatientQuantity, to buffer: inout FixedBuffer) {
        let value = units[Int(quantity.rawValue)]
        switch quantity == faulty ? fault : nil {
        case .null: buffer.append("null")
        case .text:
            buffer.append("\"")
            buffer.append(short: value)
            buffer.append("\"")
        case .outOfRange: buffer.append(short: quantity.plausibleUnits.upperBound * 2 + value)
        case .notFinite: buffer.append("1e999")
        default: buffer.append(short: value)
        }
    }

    fileprivate func leavesOut(_ quantity: PatientQuantity) -> Bool {
        fault == .missingField && quantity == faulty
    }

    fileprivate func isFault(_ one: Fault) -> Bool { fault == one }

    /// With the pressures changed over where that is the fault.
    fileprivate var inOrder: SimulatedForm {
        guard fault == .swappedPressures else { return self }
        var form = self
        let systolic = Int(PatientQuantity.bloodPressureSystolic.rawValue)
        let diastolic = Int(PatientQuantity.bloodPressureDiastolic.rawValue)
        form.units[systolic] = min(units[systolic], units[diastolic])
        form.units[diastolic] = max(units[systolic], units[diastolic])
        return form
    }
}

extension FixedBuffer {
    /// Appends a form as a line of JSON.
    mutating func append(_ given: SimulatedForm) {
        let form = given.inOrder
        append("{\"patient\":\"")
        if !form.isFault(.noPatient) {
            append("patient-")
            append(decimal: form.number + 1)
        }
        append("\",\"time\":\"")
        if form.isFault(.badTime) { append("today at ") }
        append(timestamp: form.microseconds)
        append("\"")
        for quantity in PatientQuantity.allCases where !form.leavesOut(quantity) {
            append(",\"")
            append(quantity.name)
            append("\":")
            form.append(quantity, to: &self)
            if form.isFault(.cutShort), quantity == .heartRate { return append("\n") }
        }
        if form.isFault(.unknownField) { append(",\"shoe_size\":43") }
        if form.isFault(.repeatedField) { append(",\"heart_rate\":60") }
        append("}\n")
    }

    /// Appends units of 1/10,000 without zeros at the end.
    fileprivate mutating func append(short units: Int64) {
        var value = units
        var decimals = PatientQuantity.decimals
        while decimals > 0, value % 10 == 0 {
            value /= 10
            decimals -= 1
        }
        append(fixed: value, decimals: decimals)
    }
}
