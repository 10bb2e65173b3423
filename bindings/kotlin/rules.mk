# Kotlin: the JNI library with cc and the JDK's headers, the classes with Maven.
JDK := $(or $(JAVA_HOME),$(patsubst %/bin/javac,%,$(realpath $(shell command -v javac 2> /dev/null))))
JNI_SYSTEM := $(if $(filter Darwin,$(shell uname -s)),darwin,linux)
JNI := target/kotlin/$(if $(filter darwin,$(JNI_SYSTEM)),libdiffusion_jni.dylib,libdiffusion_jni.so)
JNI_ORIGIN := $(if $(filter darwin,$(JNI_SYSTEM)),@loader_path,$$ORIGIN)

.PHONY: kotlin test-kotlin run-kotlin

kotlin: $(JNI) use-ort

# It finds libdiffusion beside itself, or where make builds it.
$(JNI): bindings/kotlin/src/main/c/diffusion_jni.c include/diffusion.h $(LIBRARY)
	mkdir -p target/kotlin
	$(CC) -std=c11 -Wall -Wextra -Werror $(CFLAGS) -fPIC -shared -fvisibility=hidden -Iinclude -I"$(JDK)/include" \
		-I"$(JDK)/include/$(JNI_SYSTEM)" $< -Ltarget/release -ldiffusion \
		-Wl,-rpath,'$(JNI_ORIGIN)' -Wl,-rpath,'$(JNI_ORIGIN)/../release' -o $@

# Compared with what C draws, where that is there to be built.
test-kotlin: $(if $(wildcard bindings/conformance.c),target/bindings/conformance/expected.txt)
	@if ! command -v mvn > /dev/null; then echo 'SKIPPED: there is no mvn, so the Kotlin binding was not tested'; \
	elif [ ! -f "$(JDK)/include/jni.h" ]; then echo 'SKIPPED: there is no jni.h of a JDK, so the Kotlin binding was not tested'; \
	else $(MAKE) --no-print-directory run-kotlin; fi

run-kotlin: kotlin
	mvn --batch-mode --no-transfer-progress -f bindings/kotlin/pom.xml test
