print("pulsegate")
