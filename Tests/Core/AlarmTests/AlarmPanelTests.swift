import Alarm
import Testing

/// What lamp and buzzer say in the situations of a room.
struct AlarmPanelTests {
    @Test func heartRateAlarmFlashesFastAndSoundsUntilItIsAcknowledged() {
        var bench = PanelBench()
        bench.hold(160, seconds: 3)
        #expect(bench.changes() == ["high_heart_rate raised"])
        #expect(bench.panel.lamp == .highAlarm)
        #expect(bench.panel.sound == .high)
        bench.hold(140, seconds: 60)
        #expect(bench.changes() == ["high_heart_rate cleared"])
        #expect(bench.panel.lamp == .dark)
        #expect(bench.panel.sound == .high)
        bench.acknowledge()
        #expect(bench.changes() == ["high_heart_rate acknowledged"])
        #expect(bench.panel.sound == .silent)
    }

    @Test func acknowledgingPausesTheSoundForTwoMinutesWithACountdown() {
        var bench = PanelBench()
        bench.hold(160, seconds: 3)
        bench.acknowledge()
        #expect(bench.panel.lamp == .highPaused)
        #expect(bench.panel.sound == .silent)
        #expect(bench.panel.pauseSecondsLeft(now: bench.now) == 120)
        bench.hold(160, seconds: 119)
        #expect(bench.panel.pauseSecondsLeft(now: bench.now) == 1)
        #expect(bench.panel.sound == .silent)
        _ = bench.changes()
        bench.hold(160, seconds: 1)
        #expect(bench.changes() == ["high_heart_rate sounds_again"])
        #expect(bench.panel.lamp == .highAlarm)
        #expect(bench.panel.sound == .high)
        #expect(bench.panel.pauseSecondsLeft(now: bench.now) == nil)
    }

    @Test func higherPriorityBreaksThroughAPause() {
        var bench = PanelBench()
        bench.set(.ringFull)
        bench.acknowledge()
        #expect(bench.panel.sound == .silent)
        bench.hold(160, seconds: 3)
        #expect(bench.panel.sound == .high)
    }

    @Test func technicalAlarmIsShownAndStaysSilentWhileAMoreUrgentOnePauses() {
        var bench = PanelBench()
        bench.hold(160, seconds: 3)
        bench.acknowledge()
        bench.set(.ringFull)
        #expect(bench.panel.sound == .silent)
        #expect(bench.panel.status == .ringTrouble)
        #expect(bench.panel.entry(.ringFull, of: .gateway).isRaised)
        // Nobody has heard it yet: it has its turn when the pause is over.
        bench.hold(140, seconds: 120)
        #expect(bench.panel.sound == .medium)
    }

    @Test func newAlarmSoundsLongAfterAnotherWasAcknowledgedUntilItClears() {
        var bench = PanelBench()
        bench.set(.ringFull)
        bench.acknowledge()
        bench.pass(120)
        #expect(bench.panel.sound == .silent)
        bench.set(.batteryLow, true, .sensor(0))
        #expect(bench.panel.sound == .low)
    }

    @Test func anotherPersonsAlarmSoundsAndLeavesThePauseOfTheFirst() {
        var bench = PanelBench()
        bench.hold(160, seconds: 3)
        bench.acknowledge()
        let until = bench.panel.entry(.highRate, of: .sensor(0)).pausedUntil
        bench.hold(170, seconds: 3, sensor: 1)
        #expect(bench.panel.sound == .high)
        #expect(bench.panel.entry(.highRate, of: .sensor(0)).pausedUntil == until)
        bench.hold(100, seconds: 1, sensor: 1)
        bench.acknowledge()
        #expect(bench.panel.entry(.highRate, of: .sensor(0)).pausedUntil == until)
        #expect(bench.panel.sound == .silent)
    }

    @Test func alarmThatComesBackWithinItsPauseStaysSilentUntilItsEnd() {
        var bench = PanelBench()
        bench.hold(160, seconds: 3)
        bench.acknowledge()
        bench.hold(140, seconds: 5)
        bench.hold(160, seconds: 5)
        #expect(bench.panel.lamp == .highPaused)
        #expect(bench.panel.sound == .silent)
        bench.hold(160, seconds: 110)
        #expect(bench.panel.sound == .high)
    }

    @Test func offSkinRaisesATechnicalAlarmAndNoHeartRateAlarm() {
        var bench = PanelBench()
        bench.hold(160, seconds: 2)
        bench.set(.offSkin, true, .sensor(0))
        for _ in 0..<60 {
            bench.pass(1)
            bench.panel.heard(sensor: 0, now: bench.now)
        }
        #expect(bench.changes() == ["off_skin raised"])
        #expect(bench.panel.sound == .low)
        #expect(bench.panel.status == .noValue)
        // The seconds before are not counted with those behind.
        bench.hold(160, seconds: 2)
        #expect(bench.changes() == ["off_skin cleared"])
        bench.hold(160, seconds: 1)
        #expect(bench.changes() == ["high_heart_rate raised"])
    }

    @Test func shortLossOfContactIsNoAlarm() {
        var bench = PanelBench()
        bench.rate(80)
        bench.set(.offSkin, true, .sensor(0))
        bench.pass(4)
        bench.rate(80)
        bench.pass(20)
        #expect(bench.changes() == ["sensor_lost raised"])
    }

    @Test(arguments: [AlarmCondition.offSkin, .frozen])
    func technicalFaultDoesNotSilenceAPersonsAlarm(_ fault: AlarmCondition) {
        var bench = PanelBench()
        bench.hold(160, seconds: 3)
        bench.set(fault, true, .sensor(0))
        bench.pass(3_600)
        #expect(bench.panel.lamp == .highAlarm)
        #expect(bench.panel.sound == .high)
    }

    @Test func acknowledgingEndsAnAlarmThatNoValueCanClearAnyMore() {
        var bench = PanelBench()
        bench.hold(160, seconds: 3)
        bench.set(.frozen, true, .sensor(0))
        bench.acknowledge()
        #expect(!bench.panel.entry(.highRate, of: .sensor(0)).isRaised)
        #expect(
            bench.changes() == [
                "high_heart_rate raised", "frozen raised", "high_heart_rate acknowledged",
                "high_heart_rate cleared", "frozen acknowledged",
            ])
        #expect(bench.panel.lamp == .mediumPaused)
        bench.set(.frozen, false, .sensor(0))
        bench.hold(160, seconds: 3)
        #expect(bench.panel.lamp == .highAlarm)
        #expect(bench.panel.sound == .high)
    }

    @Test func silentSensorIsLostUntilItSpeaks() {
        var bench = PanelBench()
        #expect(bench.panel.status == .noSensor)
        bench.rate(80)
        #expect(bench.panel.status == .allWell)
        bench.pass(9)
        #expect(bench.panel.status == .allWell)
        bench.pass(1)
        #expect(bench.changes() == ["sensor_lost raised"])
        #expect(bench.panel.status == .noSensor)
        #expect(bench.panel.lamp == .mediumAlarm)
        bench.rate(80)
        #expect(bench.changes() == ["sensor_lost cleared"])
        #expect(bench.panel.lamp == .dark)
        #expect(bench.panel.status == .allWell)
    }

    @Test func sensorThatNeverSentIsNotLost() {
        var bench = PanelBench()
        bench.pass(3_600)
        #expect(bench.changes() == [])
    }

    @Test func sensorThatSendsNowAndThenIsThereAndNeverLost() {
        var bench = PanelBench()
        bench.panel.seen(sensor: 0, now: bench.now)
        #expect(bench.panel.status == .allWell)
        bench.pass(3_600)
        #expect(bench.changes() == [])
    }

    @Test func clearedTechnicalAlarmPlaysItsBurstToTheEnd() {
        var bench = PanelBench()
        bench.set(.ringFull)
        bench.passNanoseconds(1_000_000)
        bench.set(.ringFull, false)
        #expect(bench.panel.lamp == .dark)
        #expect(bench.panel.sound == .medium)
        let burst = SoundPattern.medium.pattern.burstNanoseconds
        bench.passNanoseconds(burst - 1_000_001)
        #expect(bench.panel.sound == .medium)
        bench.passNanoseconds(1)
        #expect(bench.panel.sound == .silent)
    }

    @Test func lowAlarmThatWasHeardOnceStaysSilent() {
        var bench = PanelBench()
        bench.rate(80)
        bench.panel.endInput(now: bench.now)
        bench.set(.uplinkDown, true, .sink(0))
        bench.pass(59)
        #expect(bench.changes() == [])
        bench.pass(1)
        #expect(bench.panel.sound == .low)
        #expect(bench.panel.status == .uplinkDown)
        bench.acknowledge()
        bench.pass(36_000)
        #expect(bench.panel.sound == .silent)
        #expect(bench.panel.status == .uplinkDown)
        bench.set(.uplinkDown, false, .sink(0))
        #expect(bench.panel.lamp == .dark)
    }

    @Test func testDrivesLampAndBuzzerForOneBurstAndEnds() {
        var bench = PanelBench()
        bench.panel.beginTest(now: bench.now)
        #expect(bench.panel.lamp == .highAlarm)
        #expect(bench.panel.sound == .high)
        bench.passNanoseconds(SoundPattern.high.pattern.burstNanoseconds)
        #expect(bench.changes() == ["test raised", "test cleared"])
        #expect(bench.panel.lamp == .dark)
        #expect(bench.panel.sound == .silent)
        #expect(bench.panel.deadline == nil)
    }

    @Test func lowLimitHasAnAlarmOfItsOwn() {
        var bench = PanelBench(limits: RateLimits(lowBeatsPerMinute: 45))
        bench.hold(45, seconds: 10)
        #expect(bench.changes() == [])
        bench.hold(44, seconds: 3)
        #expect(bench.changes() == ["low_heart_rate raised"])
        bench.hold(50, seconds: 3)
        #expect(bench.changes() == [])
        bench.rate(51)
        #expect(bench.changes() == ["low_heart_rate cleared"])
    }

    @Test func anotherWearersAlarmEndsWithLampAndSound() {
        var bench = PanelBench()
        bench.hold(160, seconds: 3)
        bench.panel.forget(sensor: 0, now: bench.now)
        #expect(bench.changes() == ["high_heart_rate raised", "high_heart_rate cleared"])
        #expect(bench.panel.lamp == .dark)
        #expect(bench.panel.sound == .silent)
    }

    @Test func endOfTheInputLosesNoSensor() {
        var bench = PanelBench()
        bench.rate(80)
        bench.panel.endInput(now: bench.now)
        bench.pass(3_600)
        #expect(bench.changes() == [])
    }

    @Test func oneLampShowsAPersonsAlarmBeforeATechnicalOne() {
        var bench = PanelBench()
        bench.set(.ringFull)
        #expect(bench.panel.combined == .noSensor)
        bench.rate(80)
        #expect(bench.panel.combined == .ringTrouble)
        bench.hold(160, seconds: 3)
        #expect(bench.panel.combined == .highAlarm)
    }

    @Test func everyConditionHasAWordAndARuleOfItsPlace() {
        let words = AlarmCondition.allCases.map { "\($0.word)" }
        #expect(Set(words).count == words.count)
        for condition in AlarmCondition.allCases {
            #expect(condition.isRate == condition.rule.latches)
            if condition.isRate { #expect(condition.rule.priority == .high) }
        }
    }
}
