# Frozen into every board; build/gen holds what the build generates (terminal/ui/glyphs.py).
package("drivers", base_path="..")
package("occard", base_path="../firmware")
package("ocwire", base_path="../firmware")
package("terminal", base_path="../firmware")
# The C core is in the image: of occrypto, the face alone.
package("occrypto", ("__init__.py",), base_path="../native")
freeze("../firmware", "main.py")
freeze("../build/gen")
