# `make desktop`: a window to draw in, where SDL2 is installed.
DESKTOP := target/desktop
DESKTOP_SOURCES := $(wildcard examples/desktop/*.cpp)
DESKTOP_LIBRARIES := sdl2 SDL2_ttf
CXX ?= c++
PKG_CONFIG ?= pkg-config

.PHONY: desktop test-desktop run-desktop-tests

desktop: use-ort
	@if $(PKG_CONFIG) --exists $(DESKTOP_LIBRARIES) 2> /dev/null; then $(MAKE) --no-print-directory $(DESKTOP); else \
		echo '*** NOT BUILT: the desktop example needs SDL2 and SDL2_ttf, found by pkg-config'; \
		echo '    (Debian: apt-get install pkg-config libsdl2-dev libsdl2-ttf-dev; macOS: brew install sdl2 sdl2_ttf)'; \
		exit 1; \
	fi

$(DESKTOP): $(DESKTOP_SOURCES) $(wildcard examples/desktop/*.hpp) include/diffusion.h include/diffusion.hpp $(LIBRARY)
	$(CXX) -std=c++17 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror $(CFLAGS) -Iinclude \
		$(DESKTOP_SOURCES) $$($(PKG_CONFIG) --cflags --libs $(DESKTOP_LIBRARIES)) -Ltarget/release -ldiffusion \
		-Wl,-rpath,'$(BESIDE)/release' -o $@

# Typed and clicked by a program on a display that nobody sees.
test-desktop:
	@if ! $(PKG_CONFIG) --exists $(DESKTOP_LIBRARIES) 2> /dev/null; then \
		echo '*** SKIPPED: the desktop example, because SDL2 and SDL2_ttf are not here (Debian: libsdl2-dev libsdl2-ttf-dev)'; \
	elif ! command -v xvfb-run > /dev/null || ! command -v xdotool > /dev/null; then \
		echo '*** SKIPPED: the desktop example, because there is no xvfb-run or no xdotool (Debian: apt-get install xvfb xdotool)'; \
	else $(MAKE) --no-print-directory run-desktop-tests; fi

run-desktop-tests: desktop $(TOOL)
	SDL_VIDEODRIVER=x11 xvfb-run -a -s '-screen 0 1024x768x24 -noreset' \
		$(PYTHON) -m unittest discover -s tests/desktop -p 'test_*.py'
