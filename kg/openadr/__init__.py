"""Live OpenADR 2.0b: a VTN that remembers, a VEN of another VTN, and a guard for what others run."""
