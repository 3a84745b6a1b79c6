import TestSupport
import Testing
import Vitals

/// What a sensor says of itself: battery, place, names.
struct DeviceFactsTests {
    private func fault(_ body: () throws -> Void) -> MeasurementError? {
        do {
            try body()
            return nil
        } catch {
            return error as? MeasurementError
        }
    }

    @Test func batteryLevelIsAPercentage() throws {
        for raw in UInt8.min...UInt8.max {
            let level = try BatteryLevel(decoding: [raw].span)
            #expect(level.percent == (raw <= 100 ? raw : nil))
            let encoded = level.encoded
            let again = try BatteryLevel(decoding: encoded.bytes)
            #expect(again == level)
        }
    }

    @Test func bodySensorLocationHasANameOrNone() throws {
        let names = ["other", "chest", "wrist", "finger", "hand", "ear_lobe", "foot"]
        for raw in UInt8.min...UInt8.max {
            let location = try BodySensorLocation(decoding: [raw].span)
            #expect(location.name?.description == (raw < 7 ? names[Int(raw)] : nil))
            let encoded = location.encoded
            let again = try BodySensorLocation(decoding: encoded.bytes)
            #expect(again == location)
        }
    }

    @Test func oneByteIsNeitherNoneNorTwo() {
        let empty: [UInt8] = []
        let two: [UInt8] = [1, 2]
        #expect(
            fault { _ = try BatteryLevel(decoding: empty.span) }
                == .truncated(field: .percentage, length: 0))
        #expect(
            fault { _ = try BatteryLevel(decoding: two.span) } == .trailingBytes(count: 1))
        #expect(
            fault { _ = try BodySensorLocation(decoding: empty.span) }
                == .truncated(field: .location, length: 0))
        #expect(
            fault { _ = try BodySensorLocation(decoding: two.span) } == .trailingBytes(count: 1))
    }

    @Test func temperatureTypesAndSamplesHaveTheirNames() {
        let types = (UInt8.min...UInt8.max).filter { TemperatureType(rawValue: $0).name != nil }
        #expect(types == [1, 2, 3, 4, 5, 6, 7, 8, 9])
        for raw in UInt8.min...UInt8.max {
            let sample = GlucoseSample(rawValue: raw)
            #expect((sample.typeName != nil) == (1...10).contains(raw & 15))
            #expect((sample.locationName != nil) == (1...4).contains(raw >> 4))
            #expect(sample.isControlSolution == (raw & 15 == 10 || raw >> 4 == 4))
        }
    }

    private func text(_ bytes: [UInt8]) throws -> String {
        let information = try DeviceInformation(decoding: bytes.span)
        return String(decoding: [UInt8](copying: information.bytes), as: UTF8.self)
    }

    @Test func textIsKeptWithoutZerosAtItsEnd() throws {
        for name in ["", "Polar H10", "Gerät 心 ♥", "a\0b", String(repeating: "x", count: 64)] {
            #expect(try text(Array(name.utf8)) == name)
            #expect(try text(Array(name.utf8) + [0, 0]) == name)
        }
        #expect(try text([0, 0, 0]) == "")
    }

    @Test func longTextIsCutBeforeTheCharacterThatDoesNotFit() throws {
        for (character, kept) in [("x", 64), ("ä", 32), ("心", 21), ("🫀", 16)] {
            let long = String(repeating: character, count: 200)
            #expect(try text(Array(long.utf8)) == String(repeating: character, count: kept))
        }
        #expect(
            try text(Array(("x" + String(repeating: "ä", count: 40)).utf8)).utf8.count == 63)
    }

    @Test func textThatIsNotUTF8IsRefusedWithItsPlace() {
        let wrong: [([UInt8], Int)] = [
            ([0xFF], 0), ([0x41, 0x80], 1), ([0x41, 0x42, 0xC3], 2), ([0xC0, 0x80], 0),
            ([0xED, 0xA0, 0x80], 0), ([0xF4, 0x90, 0x80, 0x80], 0),
            ([UInt8](repeating: 0x41, count: 100) + [0xFE], 100),
        ]
        for (bytes, offset) in wrong {
            #expect(
                fault { _ = try DeviceInformation(decoding: bytes.span) }
                    == .notUTF8(offset: offset), "\(bytes)")
        }
    }

    @Test func textsAreEqualWhenTheirBytesAre() throws {
        let one = try DeviceInformation(decoding: Array("H10".utf8).span)
        let same = try DeviceInformation(decoding: Array("H10\0".utf8).span)
        let other = try DeviceInformation(decoding: Array("H9".utf8).span)
        #expect(one == same && one != other && DeviceInformation() != one)
    }

    /// The standard library is the other opinion on what is UTF-8.
    @Test func randomTextIsKeptOrRefused() throws {
        var random = SeededRandom()
        var kept = 0
        for _ in 0..<50_000 {
            let bytes = random.bytes(Int.random(in: 0...5, using: &random))
            let isText = String(validating: bytes, as: UTF8.self) != nil
            let found = fault { _ = try DeviceInformation(decoding: bytes.span) }
            guard isText == (found == nil) else {
                Issue.record("\(bytes), seed \(random.seed)")
                return
            }
            if isText { kept += 1 }
        }
        #expect(kept > 10_000)
    }
}
