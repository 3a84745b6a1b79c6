import Testing
import Vitals

/// Numbers and UUIDs as BlueZ writes them.
struct AssignedNumbersTests {
    private func uuid(_ number: UInt16, uppercase: Bool = false) -> [UInt8] {
        let digits = String(number, radix: 16)
        let text =
            "0000" + String(repeating: "0", count: 4 - digits.count) + digits
            + "-0000-1000-8000-00805f9b34fb"
        return Array((uppercase ? text.uppercased() : text).utf8)
    }

    @Test func everyKnownCharacteristicIsReadFromItsUUID() {
        for characteristic in Characteristic.allCases {
            #expect(Characteristic(uuid: uuid(characteristic.rawValue).span) == characteristic)
            #expect(
                Characteristic(uuid: uuid(characteristic.rawValue, uppercase: true).span)
                    == characteristic)
        }
    }

    @Test func everyKnownServiceIsReadFromItsUUID() {
        for service in Service.allCases {
            #expect(Service(uuid: uuid(service.rawValue).span) == service)
            #expect(Service(uuid: uuid(service.rawValue, uppercase: true).span) == service)
        }
    }

    @Test func everyOtherNumberIsNone() {
        for number in UInt16.min...UInt16.max {
            let text = uuid(number)
            #expect(Characteristic(uuid: text.span) == Characteristic(rawValue: number))
            #expect(Service(uuid: text.span) == Service(rawValue: number))
        }
    }

    /// Each character in turn is replaced by one that does not belong there.
    @Test func everyOtherTextIsNone() {
        let whole = uuid(0x2A37)
        for index in whole.indices {
            for wrong in [UInt8(ascii: "g"), UInt8(ascii: "-"), UInt8(ascii: "9"), 0, 0xFF]
            where wrong != whole[index] {
                var text = whole
                text[index] = wrong
                // The four digits of the number itself make other numbers, none of them known.
                #expect(Characteristic(uuid: text.span) == nil, "\(index) \(wrong)")
            }
        }
        #expect(Characteristic(uuid: [UInt8](whole.dropLast()).span) == nil)
        #expect(Characteristic(uuid: (whole + [0x30]).span) == nil)
        #expect(Characteristic(uuid: Array("2a37".utf8).span) == nil)
        #expect(Characteristic(uuid: Array("".utf8).span) == nil)
    }

    /// A vendor's own UUID that has our number in the right place.
    @Test func numberInAnotherBaseIsNone() {
        for text in [
            "00002a37-0000-1000-8000-00805f9b34fc", "00002a37-0000-1000-8001-00805f9b34fb",
            "00002a37-0001-1000-8000-00805f9b34fb", "00002a37-0000-1001-8000-00805f9b34fb",
            "00012a37-0000-1000-8000-00805f9b34fb", "80002a37-0000-1000-8000-00805f9b34fb",
        ] { #expect(Characteristic(uuid: Array(text.utf8).span) == nil, "\(text)") }
    }

    @Test func numbersAreThoseOfTheAssignedNumbers() {
        #expect(Service.heartRate.rawValue == 0x180D)
        #expect(Service.pulseOximeter.rawValue == 0x1822)
        #expect(Characteristic.heartRateMeasurement.rawValue == 0x2A37)
        #expect(Characteristic.bloodPressureMeasurement.rawValue == 0x2A35)
        #expect(Characteristic.temperatureMeasurement.rawValue == 0x2A1C)
        #expect(Characteristic.pulseOximeterContinuous.rawValue == 0x2A5F)
        #expect(Characteristic.pulseOximeterSpotCheck.rawValue == 0x2A5E)
        #expect(Characteristic.glucoseMeasurement.rawValue == 0x2A18)
    }

    @Test func setHoldsWhatWasPutIn() {
        var services: ServiceSet = []
        for (index, service) in Service.allCases.enumerated() {
            #expect(!services.contains(service))
            services.insert(ServiceSet(service))
            for (other, later) in Service.allCases.enumerated() {
                #expect(services.contains(later) == (other <= index))
            }
        }
    }

    @Test func onlyWornSensorsAreContinuous() {
        let continuous = Characteristic.allCases.filter(\.isContinuous)
        #expect(continuous == [.heartRateMeasurement, .pulseOximeterContinuous])
        for characteristic in continuous { #expect(characteristic.isMeasurement) }
        #expect(!Characteristic.batteryLevel.isMeasurement)
        #expect(!Characteristic.glucoseMeasurementContext.isMeasurement)
    }
}
