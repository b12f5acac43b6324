"""Will a flight from New York be late? Two models of real flights, their service, and the truth as it arrives."""
