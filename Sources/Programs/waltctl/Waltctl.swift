import ControlCommands

@main
struct Waltctl {
  static func main() { WaltctlCommand.main() }
}
