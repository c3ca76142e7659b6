"""What any gRPC server needs: who calls, what they may, for how long, how much, and an honest no."""
