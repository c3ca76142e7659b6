"""What the pages show as pictures, drawn from text when the site is built: no browser has to fetch anything for it."""
