"""What tests of any service use: databases with the real migrations, runtimes driven by hand, buses."""
