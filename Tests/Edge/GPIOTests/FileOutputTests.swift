import Foundation
import GPIO
import Linux
import Testing

/// Outputs that are files: those of sysfs stand in a folder here.
struct FileOutputTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "pulsegate-output-\(UUID().uuidString)").path

    private func make(_ name: String, _ text: String = "") throws {
        let path = "\(folder)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// A real attribute of sysfs is replaced by a write; a file gets longer.
    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    @Test func ledIsTakenFromItsTriggerAndShinesAtItsMost() throws {
        for name in ["trigger", "brightness"] { try make("ACT/\(name)") }
        try make("ACT/max_brightness", "255\n")
        do {
            let led = try LEDOutput(name: "ACT", folder: folder)
            try led.set(true)
            #expect(try text("ACT/trigger") == "none")
            #expect(try text("ACT/brightness") == "0255")
        }
        #expect(try text("ACT/brightness") == "02550", "it is dark at the end")
    }

    @Test func ledThatIsNotThereIsSaid() {
        #expect(throws: SystemError.self) { try LEDOutput(name: "none", folder: folder) }
    }

    @Test func buzzerPlaysANote() throws {
        for name in ["duty_cycle", "period", "enable"] { try make("pwmchip0/pwm1/\(name)") }
        do {
            let buzzer = try PWMOutput(place: "pwmchip0/1", folder: folder)
            try buzzer.play(hertz: 1_000)
            try buzzer.set(true)
            // Each write begins at the front of the file.
            #expect(try text("pwmchip0/pwm1/period").hasPrefix("1000000"))
            #expect(try text("pwmchip0/pwm1/duty_cycle").hasPrefix("500000"))
            #expect(try text("pwmchip0/pwm1/enable") == "01")
        }
        #expect(try text("pwmchip0/pwm1/enable") == "010")
    }

    @Test func fileIsToldEveryChange() throws {
        try make("x")
        do {
            let file = try FileOutput(path: "\(folder)/lamp.log")
            try file.set(true, at: 7)
            try file.set(false, at: 9)
        }
        #expect(try text("lamp.log") == "off 0\non 7\noff 9\noff 0\n")
    }
}
