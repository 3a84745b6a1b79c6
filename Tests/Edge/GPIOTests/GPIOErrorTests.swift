import GPIO
import Testing

/// What people read when a line cannot be had.
struct GPIOErrorTests {
    static let texts: [(GPIOError, String)] = [
        (
            .noChips,
            "no GPIO chip on this machine (/dev/gpiochip*); load the board's driver, or remove "
                + "the output"
        ),
        (
            .noSuchChip(wanted: "pinctrl-rp1", found: ["pinctrl-bcm2835 (gpiochip0)"]),
            "no GPIO chip is called pinctrl-rp1; there is pinctrl-bcm2835 (gpiochip0); write "
                + "`chip = ` with one of them"
        ),
        (
            .denied(path: "/dev/gpiochip0"),
            "no permission for /dev/gpiochip0; add the user to the group of the file (`usermod "
                + "-aG gpio pulsegate`, or SupplementaryGroups=gpio in the unit)"
        ),
        (
            .noSuchLine(name: "LAMP", chip: "pinctrl-bcm2835"),
            "chip pinctrl-bcm2835 has no line named LAMP; `pulsegate board detect` lists its lines"
        ),
        (
            .outOfRange(line: 54, chip: "pinctrl-bcm2835", lineCount: 54),
            "chip pinctrl-bcm2835 has no line 54: its lines are 0 to 53"
        ),
        (
            .busy(line: "4", chip: "pinctrl-bcm2835", consumer: "another-driver"),
            "line 4 of pinctrl-bcm2835 is held by another-driver; end that, take its overlay out "
                + "of config.txt, or choose another line"
        ),
        (
            .notSupported(line: "4", chip: "x"),
            "line 4 of x cannot do what is asked of it; leave `drive` and `bias` out, and use a "
                + "resistor"
        ),
        (
            .gone(line: "17", chip: "x"),
            "chip x has gone with line 17; plug it in again, it is looked for"
        ),
        (.failed(line: "17", chip: "x", reason: "Bad"), "line 17 of x: Bad"),
    ]

    @Test(arguments: texts)
    func everyRefusalNamesChipLineAndRemedy(_ error: GPIOError, _ text: String) {
        #expect(error.description == text)
    }

    /// Machines that build have no chip, as a rule; one that has gets another refusal.
    @Test func chipThatIsNotThereIsSaid() {
        let wiring = GPIOWiring(chip: "no-such-chip", line: "17")
        do throws(GPIOError) {
            _ = try GPIOLine(output: wiring, consumer: "test")
            Issue.record("a line of no chip was taken")
        } catch {
            switch error {
            case .noChips: #expect(GPIOChip.all().chips.isEmpty)
            case .noSuchChip(let wanted, _): #expect(wanted == "no-such-chip")
            case .denied: #expect(GPIOChip.all().denied != nil)
            default: Issue.record("another refusal: \(error)")
            }
        }
    }
}
